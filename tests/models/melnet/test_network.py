import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.melnet import recompute_tier
from models.checkpoint import load_checkpoint
from models.errors import CheckpointError, ConfigError
from models.melnet.network import MelNet, MelNetConfig, Mixture, Tier, make_tier, mixture_nll
from models.melnet.sampling import RandomDraw, draw_tier, sample, upsample_mels
from models.melnet.tiers import bands_of, frames_of, interleave, split
from tests.tiny_melnet import SIZES, UNIT_MEL, save_tiny_melnet, tiny_melnet

MEL = dataclasses.replace(UNIT_MEL, n_mels=8)


class Mean:
    """A draw without chance: the mean of the heaviest component."""

    def noise(self, num_frames: int, bands: int, mixtures: int) -> Tensor:
        return torch.zeros(num_frames, bands, 1, 0)

    def __call__(self, mixture: Mixture, noise: Tensor) -> Tensor:
        heaviest = mixture.logits.argmax(dim=1, keepdim=True)
        return mixture.mean.gather(1, heaviest)[:, 0].clamp(0, 1)


def _tier(number: int, config: MelNetConfig = SIZES) -> Tier:
    """A tier with random first states, as a trained one has them."""
    torch.manual_seed(number)
    tier = make_tier(config, MEL, number)
    for name, parameter in tier.named_parameters():
        if name.endswith(".start"):
            torch.nn.init.normal_(parameter, std=0.5)
    return tier.eval()


def _coarse(tier: Tier, number: int, batch: int, frames: int) -> Tensor | None:
    return None if number == 1 else torch.rand(batch, tier.bands, frames)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_mixture_for_every_pixel(number: int) -> None:
    tier = _tier(number)
    assert tier.bands == (8 if number == 3 else 4)
    mixture = tier(torch.rand(2, tier.bands, 5), _coarse(tier, number, 2, 5))
    assert {part.shape for part in mixture} == {(2, tier.bands, 5, 3)}


@pytest.mark.parametrize("number", [1, 2])
def test_a_pixel_is_told_of_those_before_it_alone(number: int) -> None:
    tier = _tier(number)
    values = torch.rand(1, tier.bands, 4, requires_grad=True)
    frame, band = 2, 1
    tier(values, _coarse(tier, number, 1, 4)).mean[0, band, frame].sum().backward()
    told = values.grad[0] != 0  # (F, T)
    expected = torch.zeros_like(told)
    expected[:, :frame] = True
    expected[:band, frame] = True
    assert not told[~expected].any()
    if number == 1:  # two layers of LSTMs reach everything, one does not
        assert told[expected].all()


@pytest.mark.parametrize("quirks", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_sampler_that_keeps_states_equals_full_recomputation(number: int, quirks: bool) -> None:
    tier = _tier(number, dataclasses.replace(SIZES, public_quirks=quirks))
    coarse = _coarse(tier, number, 2, 5)
    kept = draw_tier(tier, coarse, 5, 2, Mean())
    recomputed = recompute_tier(tier, coarse, 5, 2, Mean())
    torch.testing.assert_close(kept, recomputed, atol=1e-4, rtol=0)


def test_batch_equals_one_by_one() -> None:
    model = tiny_melnet(mel=MEL)
    target, coarse = torch.rand(3, 4, 6), torch.rand(3, 4, 6)
    with torch.no_grad():
        together = model.tier(2)(target, coarse).mean
        alone = [model.tier(2)(x[None], c[None]).mean for x, c in zip(target, coarse, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)
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


@pytest.mark.parametrize("num_tiers", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("size", [(8, 16), (16, 24)])
def test_interleaving_undoes_the_split(num_tiers: int, size: tuple[int, int]) -> None:
    mels = torch.rand(2, *size)
    coarse = split(mels, 1, num_tiers)[1]
    assert coarse.shape[1] == bands_of(1, num_tiers, size[0])
    assert coarse.shape[2] == frames_of(1, num_tiers, size[1])
    for tier in range(2, num_tiers + 1):
        told, between = split(mels, tier, num_tiers)
        assert torch.equal(told, coarse)
        coarse = interleave(between, coarse, tier)
    assert torch.equal(coarse, mels)


def test_likelihood_is_that_of_torch_distributions() -> None:
    mixture = Mixture(*torch.randn(3, 4, 5, 6))
    target = torch.rand(4, 5)
    expected = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=mixture.logits),
        torch.distributions.Normal(mixture.mean, mixture.log_std.exp()),
    ).log_prob(target)
    torch.testing.assert_close(mixture_nll(mixture, target), -expected)


@pytest.mark.parametrize("number", [1, 2])
def test_loss_falls(number: int) -> None:
    tier = _tier(number).train()
    target, coarse = torch.rand(2, tier.bands, 6), _coarse(tier, number, 2, 6)
    optimizer = torch.optim.AdamW(tier.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        loss = mixture_nll(tier(target, coarse), target).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-3:]) < losses[0] - 0.15


def test_saved_and_loaded_it_draws_the_same(tmp_path: Path) -> None:
    loaded = load_checkpoint(save_tiny_melnet(tmp_path / "tiny", mel=MEL))
    assert isinstance(loaded.model, MelNet)
    assert loaded.model.config == SIZES
    draw = RandomDraw.seeded((3,))
    ours = sample(tiny_melnet(mel=MEL), 6, 1, RandomDraw.seeded((3,))).mels
    assert torch.equal(sample(loaded.model, 6, 1, draw).mels, ours)


def test_exports_to_a_graph() -> None:
    tier = _tier(2)
    inputs = (torch.rand(2, 4, 6), torch.rand(2, 4, 6))
    program = torch.export.export(tier, inputs)
    torch.testing.assert_close(program.module()(*inputs), tier(*inputs), atol=1e-4, rtol=0)


def test_the_name_says_how_it_is_built() -> None:
    config = MelNetConfig((12, 7, 6, 5, 4, 4), hidden_dim=200, mixtures=10, data="ljspeech")
    assert config.name == "dljspeech_t6_l12.7.6.5.4.4_hd200_gmm10"
    assert MelNetConfig.from_name(config.name) == config


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("melnet", "not a name like d<data>_t<tiers>"),
        ("dljspeech_t6_l12.7_hd200_gmm10", "6 tiers, but 2 layers"),
        ("dx_t1_l1_hd8_gmm2", "layers: 2 or more"),
    ],
)
def test_other_names_are_refused(name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        MelNetConfig.from_name(name)


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="layers: "):
        MelNetConfig(layers=(4, 1))
    with pytest.raises(ValueError, match="gain: "):
        MelNetConfig(gain=0.0)
    with pytest.raises(CheckpointError, match="n_mels: 10 bands cannot be halved for 5 tiers"):
        MelNet(MelNetConfig(layers=(2,) * 5), dataclasses.replace(MEL, n_mels=10))


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
