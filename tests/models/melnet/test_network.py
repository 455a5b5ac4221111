"""MelNet's network: what a pixel is told of, its likelihood, its name and sizes."""

import dataclasses
from pathlib import Path

import pytest
import torch

from models.checkpoint import load_checkpoint
from models.errors import CheckpointError
from models.melnet.network import MelNet, MelNetConfig, Mixture, mixture_nll
from models.melnet.sampling import RandomDraw, sample
from tests.models.melnet.random_tiers import MEL, coarse_grid, tier_of
from tests.tiny_melnet import SIZES, save_tiny_melnet, tiny_melnet


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_mixture_for_every_pixel(number: int) -> None:
    tier = tier_of(number)
    assert tier.bands == (8 if number == 3 else 4)
    mixture = tier(torch.rand(2, tier.bands, 5), coarse_grid(tier, number, 2, 5))
    assert {part.shape for part in mixture} == {(2, tier.bands, 5, 3)}


@pytest.mark.parametrize("number", [1, 2])
def test_a_pixel_is_told_of_those_before_it_alone(number: int) -> None:
    tier = tier_of(number)
    values = torch.rand(1, tier.bands, 4, requires_grad=True)
    frame, band = 2, 1
    tier(values, coarse_grid(tier, number, 1, 4)).mean[0, band, frame].sum().backward()
    told = values.grad[0] != 0  # (F, T)
    expected = torch.zeros_like(told)
    expected[:, :frame] = True
    expected[:band, frame] = True
    assert not told[~expected].any()
    if number == 1:  # two layers of LSTMs reach everything, one does not
        assert told[expected].all()


def test_batch_equals_one_by_one() -> None:
    model = tiny_melnet(mel=MEL)
    target, coarse = torch.rand(3, 4, 6), torch.rand(3, 4, 6)
    with torch.no_grad():
        together = model.tier(2)(target, coarse).mean
        alone = [model.tier(2)(x[None], c[None]).mean for x, c in zip(target, coarse, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


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
    tier = tier_of(number).train()
    target, coarse = torch.rand(2, tier.bands, 6), coarse_grid(tier, number, 2, 6)
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
    tier = tier_of(2)
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
