"""Vocos's recipe: magnitudes first, which need no waveform, then discriminators."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from models.losses import check_loss_names, magnitude_loss
from models.mel import LogMel, check_mel_fields
from models.stft import Stft
from models.training.adversarial import Generated
from models.training.features import Features
from models.training.session import Batch
from models.training.vocoder import VocoderTask, VocoderTraining, open_corpus, train_task
from models.vocoders.discriminators import DiscriminatorConfig, Discriminators
from models.vocoders.vocos import Vocos, VocosConfig

LOSSES = ("magnitude", "mel", "stft", "adversarial", "feature")


@dataclass(frozen=True, slots=True, kw_only=True)
class VocosTraining(VocoderTraining):
    """`configs/train/vocos.yaml`."""

    recipe: Literal["vocos"]
    model: VocosConfig = VocosConfig()
    discriminators: DiscriminatorConfig = DiscriminatorConfig()
    loss_weights: dict[str, float] = field(
        default_factory=lambda: dict(zip(LOSSES, (10.0, 30.0, 4.0, 1.0, 2.0), strict=True))
    )

    def __post_init__(self) -> None:
        VocoderTraining.__post_init__(self)
        check_loss_names(self.loss_weights, LOSSES)
        check_mel_fields(self.mel, {"padding": "same"}, "training Vocos")


def train_vocos(config: VocosTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    features = open_corpus(config)
    torch.manual_seed(config.loop.seed)
    return train_task(VocosTask(config, features), config)


class VocosTask(VocoderTask):
    """See `AdversarialTask`."""

    kind = "vocos"

    def __init__(self, config: VocosTraining, features: Features) -> None:
        model = Vocos(config.model, config.mel)
        discriminators = Discriminators(config.discriminators)
        super().__init__(config, features, model, discriminators, config.loss_weights)
        # Losses hear the whole band, also above the mel's upper edge, as HiFi-GAN's do.
        self._full_band = LogMel(dataclasses.replace(config.mel, f_max=None))
        self._stft = Stft(config.mel)

    def generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        """Magnitudes first, which need no waveform; whole waveforms once discriminators start."""
        real, device = batch["wave"], batch["wave"].device
        spectrum = generator(batch["mel"], as_spectrum=True)
        losses = {"magnitude": magnitude_loss(spectrum, self._stft.to(device)(real))}
        if not with_discriminators:
            return Generated(None, losses)
        fake = self._stft.invert(self._stft.find_phase(spectrum.abs(), spectrum, 1))
        full_band = self._full_band.to(device)
        losses["mel"] = nn.functional.l1_loss(full_band(fake), full_band(real))
        losses["stft"] = self.resolutions.to(device)(fake, real)
        return Generated(fake, losses)

    def distances(self, model: nn.Module, mel: Tensor, wave: Tensor) -> dict[str, float]:
        stft = Stft(self.config.mel).to(wave.device)
        return {"magnitude": float(magnitude_loss(model(mel, as_spectrum=True), stft(wave)))}
