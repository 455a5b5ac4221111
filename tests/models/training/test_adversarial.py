from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from models.training.adversarial import Generated, labels_are_reversed, train_adversarial
from models.training.optimizers import OptimizerConfig
from models.training.session import Batch, LoopConfig
from models.vocoders.discriminators import AdversaryConfig, Verdict

PLAIN = OptimizerConfig(learning_rate=0.05, warmup_steps=0, schedule="constant")


def test_the_last_epoch_of_every_so_many_is_reversed() -> None:
    reversed_steps = [step for step in range(60) if labels_are_reversed(step, 5, every=4)]
    assert reversed_steps == [*range(15, 20), *range(35, 40), *range(55, 60)]
    assert not any(labels_are_reversed(step, 5, every=0) for step in range(60))


class Level(nn.Module):
    """A generator of waves of one learned level, and a discriminator that hears the level."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, x: Tensor) -> Any:
        return [Verdict(x * self.value, [x])]


class LevelTask:
    """Real waves are at 1, generated ones at -1: a discriminator's factor grows to tell which."""

    discriminators_from_step, steps_per_epoch = 0, 4
    identity: ClassVar[dict[str, Any]] = {}
    adversary = AdversaryConfig()
    loss_weights: ClassVar = {"mel": 0.0, "adversarial": 0.0, "feature": 0.0}

    def __init__(self, reverse_labels_every: int) -> None:
        self.model, self.discriminators = Level(-1.0), Level(0.0)
        self.reverse_labels_every = reverse_labels_every
        self.result: list[float] = []

    def batch(self, step: int) -> Batch:
        return {"wave": torch.ones(2, 4)}

    def generate(self, generator: nn.Module, batch: Batch, result: bool) -> Generated:
        self.result.append(float(self.discriminators.value.detach()))
        fake = batch["wave"] * generator.value
        return Generated(fake, {"mel": fake.mean()})

    def evaluate(self, model: nn.Module, board: object, step: int) -> dict[str, float]:
        return {"mel_l1": 0.0}

    def export(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("every", [0, 2])
def test_reversed_epoch_teaches_discriminators_the_opposite(tmp_path: Any, every: int) -> None:
    task = LevelTask(every)
    loop = LoopConfig(steps=12, log_every=100, save_every=100)
    train_adversarial(task, loop, {"generator": PLAIN, "discriminators": PLAIN}, tmp_path)
    moves = torch.tensor(task.result).diff().sign().tolist()
    told_apart, opposite = [1.0] * 2, [-1.0] * 2
    assert moves[:4] == told_apart * 2
    # Momentum carries the first steps of an epoch on.
    assert moves[6:8] == (opposite if every else told_apart)
    assert moves[10:] == told_apart[:1]
