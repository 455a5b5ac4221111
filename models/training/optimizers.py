"""Optimizers and learning rate schedules."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import Optimizer

from models.training.muon import Muon


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """One optimizer and its learning rate.

    The rate rises linearly for `warmup_steps`. Then `cosine` lets it fall to `final_rate` of its
    peak at the last step; `step` and `epoch` multiply it by `decay` every `decay_every` steps or
    epochs; `constant` leaves it.
    """

    learning_rate: float
    kind: Literal["adamw", "adam", "rmsprop", "muon"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-8
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0  # 0: gradients are not clipped
    warmup_steps: int = 200
    schedule: Literal["cosine", "step", "epoch", "constant"] = "cosine"
    final_rate: float = 0.05
    decay: float = 0.5
    decay_every: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate: between 0 and 1, found {self.learning_rate}")
        if self.decay_every < 1:
            raise ValueError(f"decay_every: at least 1, found {self.decay_every}")
        if self.max_grad_norm < 0:
            raise ValueError(f"max_grad_norm: 0 or more, found {self.max_grad_norm}")

    def rate_at(self, step: int, steps: int, steps_per_epoch: int = 1) -> float:
        """The learning rate of a step in a run of `steps`."""
        warmup = min(1.0, (step + 1) / max(1, self.warmup_steps))
        return self.learning_rate * warmup * self._share_at(step, steps, steps_per_epoch)

    def _share_at(self, step: int, steps: int, steps_per_epoch: int) -> float:
        if self.schedule == "cosine":
            progress = max(0, step - self.warmup_steps) / max(1, steps - self.warmup_steps)
            cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
            return self.final_rate + (1 - self.final_rate) * cosine
        if self.schedule == "constant":
            return 1.0
        passed = step if self.schedule == "step" else step // steps_per_epoch
        return float(self.decay ** (passed // self.decay_every))


def make_optimizer(module: nn.Module, config: OptimizerConfig) -> Optimizer:
    """The optimizer of a module's trained parameters; decay is for matrices and kernels only."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    make: Callable[[Sequence[dict[str, Any]]], Optimizer] = {
        "adamw": lambda g: torch.optim.AdamW(
            g, lr=config.learning_rate, betas=config.betas, eps=config.eps
        ),
        "adam": lambda g: torch.optim.Adam(
            g, lr=config.learning_rate, betas=config.betas, eps=config.eps
        ),
        "muon": lambda g: Muon(
            _orthogonal_apart(g, module),
            lr=config.learning_rate,
            betas=config.betas,
            eps=config.eps,
        ),
        "rmsprop": lambda g: torch.optim.RMSprop(
            g,
            lr=config.learning_rate,
            alpha=config.betas[1],
            momentum=config.betas[0],
            eps=config.eps,
        ),
    }[config.kind]
    return make(groups)


def _orthogonal_apart(groups: Sequence[dict[str, Any]], module: nn.Module) -> list[dict[str, Any]]:
    """The groups as Muon takes them: matrices and kernels apart from vectors, and from embeddings,
    whose rows have nothing to do with each other.
    """
    tables = [part for part in module.modules() if isinstance(part, nn.Embedding)]
    embedded = {parameter for table in tables for parameter in table.parameters()}
    apart = []
    for group in groups:
        for orthogonal in (True, False):
            chosen = [
                p for p in group["params"] if (p.ndim > 1 and p not in embedded) == orthogonal
            ]
            apart.append(group | {"params": chosen, "orthogonal": orthogonal})
    return [group for group in apart if group["params"]]
