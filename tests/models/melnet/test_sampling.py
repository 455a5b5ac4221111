"""MelNet's sampler against the network run over the whole grid, and what it is asked for."""

import dataclasses

import pytest
import torch
from torch import Tensor

from benchmarks.melnet import recompute_tier
from models.errors import ConfigError
from models.melnet.network import Mixture
from models.melnet.sampling import RandomDraw, draw_tier, sample, upsample_mels
from tests.models.melnet.random_tiers import MEL, coarse_grid, tier_of
from tests.tiny_melnet import SIZES, tiny_melnet


class Mean:
    """A draw without chance: the mean of the heaviest component."""

    def noise(self, num_frames: int, bands: int, mixtures: int) -> Tensor:
        return torch.zeros(num_frames, bands, 1, 0)

    def __call__(self, mixture: Mixture, noise: Tensor) -> Tensor:
        heaviest = mixture.logits.argmax(dim=1, keepdim=True)
        return mixture.mean.gather(1, heaviest)[:, 0].clamp(0, 1)


@pytest.mark.parametrize("quirks", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_sampler_that_keeps_states_equals_full_recomputation(number: int, quirks: bool) -> None:
    tier = tier_of(number, dataclasses.replace(SIZES, public_quirks=quirks))
    coarse = coarse_grid(tier, number, 2, 5)
    kept = draw_tier(tier, coarse, 5, 2, Mean())
    recomputed = recompute_tier(tier, coarse, 5, 2, Mean())
    torch.testing.assert_close(kept, recomputed, atol=1e-4, rtol=0)


def test_a_clip_is_drawn_alike_in_any_batch() -> None:
    model = tiny_melnet(mel=MEL)
    drawn = sample(model, 8, 3, RandomDraw.seeded((5, 6, 7))).mels
    for clip, seed in zip(drawn, (5, 6, 7), strict=True):
        one = sample(model, 8, 1, RandomDraw.seeded((seed,))).mels[0]
        torch.testing.assert_close(clip, one, atol=1e-4, rtol=0)


def test_samples_have_the_frames_asked_for_and_depend_on_the_seed_alone() -> None:
    model = tiny_melnet(mel=MEL)
    torch.manual_seed(1)
    first = sample(model, 7, 2, RandomDraw.seeded((0, 1)))
    torch.manual_seed(2)
    again = sample(model, 7, 2, RandomDraw.seeded((0, 1)))
    assert first.mels.shape == (2, 8, 7)
    assert torch.equal(first.mels, again.mels)
    assert not torch.equal(first.mels[0], first.mels[1])
    assert {tier: grid.shape[1:] for tier, grid in first.grids.items()} == {
        1: (4, 4),
        2: (4, 4),
        3: (8, 4),
    }
    assert first.mels.min() >= 0
    assert first.mels.max() <= 1


def test_a_low_temperature_keeps_to_the_mean() -> None:
    model, frames = tiny_melnet(mel=MEL), 6
    spread = [
        sample(model, frames, 8, RandomDraw.seeded(range(8), temperature)).mels.std(dim=0).mean()
        for temperature in (0.01, 1.0)
    ]
    assert spread[0] < 0.3 * spread[1]


def test_upsampling_keeps_what_it_was_given() -> None:
    model, mels = tiny_melnet(mel=MEL), torch.rand(2, 8, 10)
    drawn = upsample_mels(model, mels, 3, RandomDraw.seeded((0, 1)))
    assert drawn.mels.shape == mels.shape
    assert torch.equal(drawn.mels[:, :, ::2], mels[:, :, ::2])
    assert not torch.equal(drawn.mels[:, :, 1::2], mels[:, :, 1::2])
    assert set(upsample_mels(model, mels, 2, Mean()).grids) == {2, 3}


def test_requests_that_cannot_be() -> None:
    model = tiny_melnet(mel=MEL)
    with pytest.raises(ConfigError, match="frames: at least 1"):
        sample(model, 0, 1, Mean())
    with pytest.raises(ConfigError, match="tier: from 2 to 3, found 1"):
        upsample_mels(model, torch.rand(1, 8, 4), 1, Mean())
    with pytest.raises(ConfigError, match="mels: 2 frames or more"):
        upsample_mels(model, torch.rand(1, 8, 1), 3, Mean())
    with pytest.raises(ConfigError, match="temperature: above 0"):
        RandomDraw.seeded((0,), temperature=0.0)
