"""HiFi-GAN's recipe (arXiv 2010.05646, sections 2.3, 2.4 and 3.1), and its fine-tuning."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from models.losses import check_loss_names
from models.mel import LogMel
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
from models.vocoders.discriminators import AdversaryConfig, DiscriminatorConfig, Discriminators
from models.vocoders.hifigan import HifiGan, HifiGanConfig

LOSSES = ("mel", "adversarial", "feature")


@dataclass(frozen=True, slots=True, kw_only=True)
class HifiGanTraining(VocoderTraining):
    """`configs/train/hifigan.yaml`.

    `stft_loss` adds Parallel WaveGAN's loss `stft` to the paper's three: it teaches the shape of
    single periods, which discriminators alone teach slowly.
    """

    recipe: Literal["hifigan"]
    model: HifiGanConfig = HifiGanConfig()
    discriminators: DiscriminatorConfig = DiscriminatorConfig(width=32, scales=3, fft_sizes=())
    adversary: AdversaryConfig = AdversaryConfig("least_squares", average=False)
    weight_norm: bool = True
    stft_loss: bool = False
    loss_weights: dict[str, float] = field(
        default_factory=lambda: dict(zip(LOSSES, (45.0, 1.0, 2.0), strict=True))
    )

    def __post_init__(self) -> None:
        VocoderTraining.__post_init__(self)
        check_loss_names(self.loss_weights, self.losses)

    @property
    def losses(self) -> tuple[str, ...]:
        """The names of the losses that this config trains with."""
        return (*LOSSES, "stft") if self.stft_loss else LOSSES


def train_hifigan(config: HifiGanTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    features = open_corpus(config)
    torch.manual_seed(config.loop.seed)
    return train_task(HifiGanTask(config, features), config)


class HifiGanTask(VocoderTask):
    """See `AdversarialTask`."""

    kind = "hifigan"

    def __init__(self, config: HifiGanTraining, features: Features) -> None:
        model = HifiGan(config.model, config.mel)
        discriminators = Discriminators(config.discriminators)
        super().__init__(config, features, model, discriminators, config.loss_weights)
        if config.weight_norm:
            add_weight_norm(model)
        self._has_stft = config.stft_loss
        # The loss hears the whole band, also above the mel's upper edge.
        self._full_band = LogMel(dataclasses.replace(config.mel, f_max=None))

    def generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        """Before the adversarial losses begin, the spectral losses alone are used."""
        fake = generator(batch["mel"]).float()
        full_band = self._full_band.to(fake.device)
        losses = {"mel": nn.functional.l1_loss(full_band(fake), full_band(batch["wave"]))}
        if self._has_stft:
            losses["stft"] = self.resolutions.to(fake.device)(fake, batch["wave"])
        return Generated(fake if with_discriminators else None, losses)
