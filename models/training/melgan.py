"""MelGAN's recipe (arXiv 1910.06711) as ParallelWaveGAN trains it, with label reversal."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from models.config import check_least
from models.losses import check_loss_names
from models.training.adversarial import Generated
from models.training.features import Features
from models.training.session import Batch
from models.training.vocoder import (
    VocoderTask,
    VocoderTraining,
    add_weight_norm,
    open_corpus,
    train_task,
)
from models.vocoders.discriminators import (
    AdversaryConfig,
    Discriminators,
    MelGanDiscriminatorConfig,
)
from models.vocoders.melgan import MelGan, MelGanConfig

LOSSES = ("stft", "adversarial", "feature")


@dataclass(frozen=True, slots=True, kw_only=True)
class MelGanTraining(VocoderTraining):
    """`configs/train/melgan.yaml`.

    `initial_std` is the spread of the first weights. The published 0.02 makes the first waves
    nearly silent for 100,000 steps; null leaves it to PyTorch's initialization, which does not.
    """

    recipe: Literal["melgan"]
    model: MelGanConfig = MelGanConfig()
    discriminators: MelGanDiscriminatorConfig = MelGanDiscriminatorConfig()
    adversary: AdversaryConfig = AdversaryConfig("least_squares", average=False)
    weight_norm: bool = True
    initial_std: float | None = 0.02
    loss_weights: dict[str, float] = field(
        default_factory=lambda: dict(zip(LOSSES, (1.0, 4.0, 25.0), strict=True))
    )

    def __post_init__(self) -> None:
        VocoderTraining.__post_init__(self)
        if self.initial_std is not None:
            check_least(self, 0, "initial_std")
        check_loss_names(self.loss_weights, LOSSES)


def train_melgan(config: MelGanTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    features = open_corpus(config)
    torch.manual_seed(config.loop.seed)
    return train_task(MelGanTask(config, features), config)


class MelGanTask(VocoderTask):
    """See `AdversarialTask`."""

    kind = "melgan"

    def __init__(self, config: MelGanTraining, features: Features) -> None:
        model = MelGan(config.model, config.mel)
        discriminators = Discriminators(config.discriminators)
        if config.initial_std is not None:
            _draw_weights(model, config.initial_std)
        mels = features.mels[:: max(1, len(features.mels) // 50_000)].astype(np.float32)
        model.mel_mean.copy_(torch.from_numpy(mels.mean(axis=0))[:, None])
        model.mel_std.copy_(torch.from_numpy(mels.std(axis=0))[:, None])
        super().__init__(config, features, model, discriminators, config.loss_weights)
        if config.weight_norm:
            add_weight_norm(model)

    def generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        """Before the adversarial losses begin, the multi-resolution STFT loss alone is used."""
        fake = generator(batch["mel"]).float()
        losses = {"stft": self.resolutions.to(fake.device)(fake, batch["wave"])}
        return Generated(fake if with_discriminators else None, losses)


def _draw_weights(model: nn.Module, std: float) -> None:
    for module in model.modules():
        if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
            nn.init.normal_(module.weight, std=std)
