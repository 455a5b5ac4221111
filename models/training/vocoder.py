"""The vocoder's recipe: random segments of speech, their mels, and what to compare."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from models.discriminators import CriticConfig, Critics
from models.errors import DataError
from models.losses import MultiResolutionStft, check_loss_names, magnitude_loss
from models.mel import LogMel, MelConfig
from models.stft import Stft
from models.training.adversarial import Generated, train_adversarial
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features
from models.training.pictures import mel_picture
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.vocos import Vocos, VocosConfig

LOSSES = ("magnitude", "mel", "stft", "adversarial", "feature")


@dataclass(frozen=True, slots=True)
class VocoderTraining:
    """`configs/train/vocoder.yaml`: one Vocos, trained against critics."""

    recipe: Literal["vocoder"]
    run: Path
    corpus: CorpusConfig
    loop: LoopConfig
    provenance: Provenance
    cache: Path = Path("runs/cache")
    mel: MelConfig = MelConfig()
    model: VocosConfig = VocosConfig()
    critics: CriticConfig = CriticConfig()
    critics_from_step: int = 10_000
    segment_frames: int = 32
    batch_size: int = 16
    loss_weights: dict[str, float] = field(
        default_factory=lambda: dict(zip(LOSSES, (10.0, 30.0, 4.0, 1.0, 2.0), strict=True))
    )

    def __post_init__(self) -> None:
        check_loss_names(self.loss_weights, LOSSES)


def train_vocoder(config: VocoderTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    features = prepare_features(config.corpus, config.mel, config.cache)
    torch.manual_seed(config.loop.seed)
    return train_adversarial(VocoderTask(config, features), config.loop, config.run)


class VocoderTask:
    """See `AdversarialTask`."""

    def __init__(self, config: VocoderTraining, features: Features) -> None:
        self.config, self.features = config, features
        self.model = Vocos(config.model, config.mel)
        self.critics = Critics(config.critics)
        self.critics_from_step = config.critics_from_step
        self.loss_weights = dict(config.loss_weights)
        segment = config.segment_frames * config.mel.hop_length
        self.clips = [clip for clip in features.training() if clip.num_samples > segment]
        if not self.clips:
            raise DataError(f"no clip to train on is longer than {config.segment_frames} frames")
        self._shares = np.array([clip.num_samples for clip in self.clips], dtype=np.float64)
        self._shares /= self._shares.sum()
        self._log_mel = LogMel(config.mel)
        # Losses hear the whole band, also above the mel's upper edge, as HiFi-GAN's do.
        self._full_band = LogMel(dataclasses.replace(config.mel, f_max=None))
        self._resolutions = MultiResolutionStft()
        self._stft = Stft(config.mel)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.loop.seed, step))
        chosen = rng.choice(len(self.clips), self.config.batch_size, p=self._shares)
        segments = np.stack([self._segment(self.clips[index], rng) for index in chosen])
        wave = torch.from_numpy(segments)
        return {"wave": wave, "mel": self._log_mel(wave)}

    def _segment(self, clip: Clip, rng: np.random.Generator) -> np.ndarray:
        """(segment_samples,) at a random place and level."""
        length = self.config.segment_frames * self.config.mel.hop_length
        start = clip.first_sample + rng.integers(clip.num_samples - length)
        wave = self.features.waves[start : start + length].astype(np.float32) / 32768
        gain = 10 ** (rng.uniform(-9.0, 6.0) / 20)
        return wave * min(gain, 0.95 / (np.abs(wave).max() + 1e-5))

    def generate(self, generator: nn.Module, batch: Batch, heard: bool) -> Generated:
        """Magnitudes first, which need no waveform; whole waveforms once critics hear them."""
        real, device = batch["wave"], batch["wave"].device
        spectrum = generator(batch["mel"], as_spectrum=True)
        losses = {"magnitude": magnitude_loss(spectrum, self._stft.to(device)(real))}
        if not heard:
            return Generated(None, losses)
        fake = self._stft.invert(self._stft.find_phase(spectrum.abs(), spectrum, 1))
        full_band = self._full_band.to(device)
        losses["mel"] = nn.functional.l1_loss(full_band(fake), full_band(real))
        losses["stft"] = self._resolutions.to(device)(fake, real)
        return Generated(fake, losses)

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Distances on held-out clips; the first of them goes to TensorBoard."""
        device = next(model.parameters()).device
        # Of its own: the thread that makes batches uses self._log_mel on the CPU.
        log_mel, stft = LogMel(self.config.mel).to(device), Stft(self.config.mel).to(device)
        magnitudes, mels = [], []
        for index, clip in enumerate(self.features.held_out()[:24]):
            mel = torch.from_numpy(self.features.mel(clip).T.copy())[None].to(device)
            real = stft(torch.from_numpy(self.features.wave(clip))[None].to(device))
            magnitudes.append(float(magnitude_loss(model(mel, as_spectrum=True), real)))
            fake = model(mel)
            mels.append(float(nn.functional.l1_loss(log_mel(fake), mel)))
            if index == 0:
                board.add_audio("held_out", fake[0].cpu(), step, self.config.mel.sample_rate)
                board.add_image("held_out", mel_picture(log_mel(fake)[0].cpu()), step)
        return {"magnitude": float(np.mean(magnitudes)), "mel_l1": float(np.mean(mels))}

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        origin = Origin(
            "vocos",
            self.config.model,
            self.config.mel,
            self.config.provenance,
        )
        origin.save(model, folder, step, metrics)
