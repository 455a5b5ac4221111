import itertools

import pytest
import torch
from torch import nn

from models.config import build
from models.errors import ConfigError
from models.training.optimizers import OptimizerConfig, make_optimizer


def test_cosine_rises_then_falls() -> None:
    config = OptimizerConfig(learning_rate=0.1, warmup_steps=10, final_rate=0.05)
    rates = [config.rate_at(step, 110) for step in range(110)]
    assert rates[:10] == pytest.approx([0.01 * (step + 1) for step in range(10)])
    assert max(rates) == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[10:]))
    assert rates[60] == pytest.approx(0.1 * (0.05 + 0.95 / 2))
    assert rates[-1] == pytest.approx(0.005, rel=0.05)


def test_step_halves_the_rate_every_so_many_steps() -> None:
    config = OptimizerConfig(
        learning_rate=1e-4, warmup_steps=0, schedule="step", decay=0.5, decay_every=1000
    )
    rates = [config.rate_at(step, 10_000) for step in (0, 999, 1000, 2500)]
    assert rates == pytest.approx([1e-4, 1e-4, 5e-5, 2.5e-5])


def test_epoch_decays_once_an_epoch() -> None:
    config = OptimizerConfig(learning_rate=2e-4, warmup_steps=0, schedule="epoch", decay=0.999)
    rates = [config.rate_at(step, 10_000, steps_per_epoch=50) for step in (49, 50, 149)]
    assert rates == pytest.approx([2e-4, 2e-4 * 0.999, 2e-4 * 0.999**2])


def test_constant_stays() -> None:
    config = OptimizerConfig(learning_rate=0.01, warmup_steps=0, schedule="constant")
    assert config.rate_at(10**6, 10) == pytest.approx(0.01)


@pytest.mark.parametrize("kind", ["adamw", "adam", "rmsprop", "muon"])
def test_every_kind_goes_downhill(kind: str) -> None:
    config = build(OptimizerConfig, {"learning_rate": 0.01, "kind": kind, "eps": 1e-6}, "a.yaml")
    torch.manual_seed(0)
    module, x = nn.Linear(4, 1), torch.randn(16, 4)
    optimizer = make_optimizer(module, config)
    losses = []
    for _ in range(20):
        loss = (module(x) - 3).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    "changed", [{"learning_rate": 1.5}, {"decay_every": 0}, {"kind": "sgd"}, {"max_grad_norm": -1}]
)
def test_impossible_settings_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(changed))):
        build(OptimizerConfig, {"learning_rate": 0.1} | changed, "train.yaml")
