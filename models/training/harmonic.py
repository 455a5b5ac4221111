"""The harmonic vocoder's recipe: spectra that vary as real ones do, then discriminators.

A waveform with noise in it has no single right spectrum. Two waveforms of one mel, with noise of
their own, are pulled towards the recording and pushed apart from each other: the generalized
energy distance (Gritsenko et al., arXiv 2008.01160, eq. 3), which is least when they differ from
each other as much as from the recording. That says nothing of phases; discriminators of complex
spectra do (arXiv 2306.00814, section 3.4).

B batch, T mel frames, S samples.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from models.config import check_ordered
from models.errors import DataError
from models.losses import EnergyDistance, check_loss_names
from models.mel import LogMel, MelConfig, check_mel_fields, check_same_mel
from models.training.adversarial import Generated, train_adversarial
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features
from models.training.mels import open_teacher_mels
from models.training.optimizers import OptimizerConfig
from models.training.pictures import mel_picture
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.training.supervised import train_supervised
from models.training.vocoder import check_segments, start_from
from models.vocoders.discriminators import AdversaryConfig, DiscriminatorConfig, Discriminators
from models.vocoders.harmonic import LN_F0_CENTER, Harmonic, HarmonicConfig

LOSSES = ("spectrum", "mel", "pitch", "voicing")
ADVERSARIAL_LOSSES = (*LOSSES, "adversarial", "feature")
_NO_DISCRIMINATORS = DiscriminatorConfig(periods=(), fft_sizes=())
_EVALUATED_CLIPS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonicTraining:
    """`configs/train/harmonic.yaml`.

    `teacher_mels` are folders that `voxloom mels` wrote; `teacher_share` of the segments come from
    them, mels and F0 of an acoustic model, the others from recordings. Of the latter
    `blurred_share` are smoothed, as an acoustic model's mels are. With `discriminators` it learns
    against them, from the first step: `start_from` should have learned without.
    """

    recipe: Literal["harmonic"]
    run: Path
    corpus: CorpusConfig
    loop: LoopConfig
    optimizer: OptimizerConfig
    provenance: Provenance
    discriminators: DiscriminatorConfig | None = None
    discriminators_optimizer: OptimizerConfig | None = None
    adversary: AdversaryConfig = AdversaryConfig()
    model: HarmonicConfig = HarmonicConfig()
    mel: MelConfig = MelConfig()
    cache: Path = Path("runs/cache")
    teacher_mels: tuple[Path, ...] = ()
    teacher_share: float = 0.4
    blurred_share: float = 0.3
    start_from: str | None = None
    segment_frames: int = 40
    batch_size: int = 10
    gain_db: tuple[float, float] = (-6.0, 3.0)
    fft_sizes: tuple[int, ...] = (2048, 1024, 256)
    loss_weights: dict[str, float] = field(
        default_factory=lambda: dict(zip(LOSSES, (1.0, 0.5, 1.0, 0.2), strict=True))
    )

    def __post_init__(self) -> None:
        if (self.discriminators is None) != (self.discriminators_optimizer is None):
            raise ValueError(
                "discriminators: they need discriminators_optimizer, and it needs them"
            )
        check_loss_names(self.loss_weights, self.losses)
        check_mel_fields(self.mel, {"log": "ln", "padding": "same"}, "the harmonic vocoder")
        if not self.fft_sizes or min(self.fft_sizes) < 4:
            raise ValueError(f"fft_sizes: one or more of at least 4, found {self.fft_sizes}")
        check_segments(self.batch_size, self.segment_frames, self.mel, self.fft_sizes)
        check_ordered(self, "gain_db")
        if not (0 <= self.teacher_share <= 1 and 0 <= self.blurred_share <= 1):
            raise ValueError("teacher_share: shares are 0 to 1")

    @property
    def losses(self) -> tuple[str, ...]:
        """The names of the losses that this config trains with."""
        return ADVERSARIAL_LOSSES if self.discriminators else LOSSES


def train_harmonic(config: HarmonicTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    features = prepare_features(config.corpus, config.mel, config.cache)
    teachers = [open_teacher_mels(folder) for folder in config.teacher_mels]
    for folder, teacher in zip(config.teacher_mels, teachers, strict=True):
        check_same_mel(teacher.mel_config, config.mel, f"{folder} and the vocoder")
    torch.manual_seed(config.loop.seed)
    task = HarmonicTask(config, features, teachers)
    if config.discriminators_optimizer is None:
        return train_supervised(task, config.loop, config.optimizer, config.run)
    optimizers = {"generator": config.optimizer, "discriminators": config.discriminators_optimizer}
    return train_adversarial(task, config.loop, optimizers, config.run)


class TrainingPass(nn.Module):
    """A vocoder with the forward pass that its losses need."""

    def __init__(self, vocoder: Harmonic) -> None:
        super().__init__()
        self.vocoder = vocoder

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Two waveforms (2, B, S) of every segment; ln F0 and logit of voicing (B, T)."""
        vocoder = self.vocoder
        filters = vocoder.filters(batch["mel"], batch["pitch_hz"])
        harmonic = vocoder.stft(vocoder.pulses(batch["pitch_hz"], batch["phase"]))
        harmonic = harmonic * filters.harmonic
        spectra = [harmonic + vocoder.stft(noise) * filters.noise for noise in batch["noise"]]
        waves = vocoder.stft.invert(torch.cat(spectra)).unflatten(0, (len(spectra), -1))
        return waves, *vocoder.pitch_net(batch["mel"])


class HarmonicTask:
    """See `SupervisedTask`, and `AdversarialTask` with discriminators."""

    discriminators_from_step = 0
    reverse_labels_every = 0

    def __init__(
        self, config: HarmonicTraining, features: Features, teachers: list[Features]
    ) -> None:
        vocoder = Harmonic(config.model, config.mel)
        if config.start_from:
            start_from(config.start_from, "harmonic", vocoder, config.mel)
        self.config, self.features = config, features
        self.model = TrainingPass(vocoder)
        self.discriminators = Discriminators(config.discriminators or _NO_DISCRIMINATORS)
        self.adversary = config.adversary
        self.loss_weights = dict(config.loss_weights)
        self._distance = EnergyDistance(config.mel, config.fft_sizes)
        self._floor = float(np.log(config.mel.floor))
        self._recordings = _Pool([features], config.segment_frames)
        self._teachers = _Pool(teachers, config.segment_frames) if teachers else None
        if not self._recordings.clips:
            raise DataError(f"no clip to train on is longer than {config.segment_frames} frames")
        if self._teachers and not self._teachers.clips:
            folders = ", ".join(map(str, config.teacher_mels))
            raise DataError(
                f"teacher_mels: no clip to train on is longer than {config.segment_frames} frames "
                f"in {folders}"
            )
        self._held_out = self._some_held_out()
        self.steps_per_epoch = max(1, len(self._recordings.clips) // config.batch_size)

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.loop.seed, step))
        size, frames = self.config.batch_size, self.config.segment_frames
        segments = [self._segment(rng) for _ in range(size)]
        waves, mels, pitch = (np.stack(parts) for parts in zip(*segments, strict=True))
        noise = rng.standard_normal((2, size, frames * self.config.mel.hop_length), np.float32)
        return {
            "wave": torch.from_numpy(waves),
            "mel": torch.from_numpy(mels).transpose(1, 2).contiguous(),  # (B, n_mels, T)
            "pitch_hz": torch.from_numpy(pitch),
            "noise": torch.from_numpy(noise),
            "phase": torch.from_numpy(rng.random(size)),
        }

    def _segment(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A wave (S,), its mel (T, n_mels) and F0 (T,) at a random place and level."""
        config = self.config
        of_teacher = self._teachers is not None and rng.random() < config.teacher_share
        pool = self._teachers if self._teachers and of_teacher else self._recordings
        wave, mel, pitch_hz = pool.cut(rng, config.mel.hop_length)
        if not of_teacher and rng.random() < config.blurred_share:
            mel = gaussian_filter(mel, (rng.uniform(0, 1.5), rng.uniform(0, 2)), mode="nearest")
        gain = 10 ** (rng.uniform(*config.gain_db) / 20)
        gain = min(gain, 0.95 / (np.abs(wave).max() + 1e-5))
        louder = np.maximum(mel + np.log(gain), self._floor).astype(np.float32)
        return (wave * gain).astype(np.float32), louder, pitch_hz

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        return self.generate(model, batch, with_discriminators=False).losses

    def generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        with torch.autocast(batch["wave"].device.type, enabled=False):  # spectra need its digits
            return self._generate(generator, batch, with_discriminators)

    def _generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        waves, log_f0, voicing = generator(batch)
        distance = self._distance.to(waves.device)(batch["wave"], waves[0], waves[1])
        voiced = (batch["pitch_hz"] > 0).float()
        wanted = batch["pitch_hz"].clamp(min=50).log() - LN_F0_CENTER
        error = nn.functional.smooth_l1_loss(log_f0, wanted, beta=0.05, reduction="none")
        losses = distance | {
            "pitch": 5 * (error * voiced).sum() / voiced.sum().clamp(min=1),
            "voicing": nn.functional.binary_cross_entropy_with_logits(voicing, voiced),
        }
        return Generated(waves[0] if with_discriminators else None, losses)

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """On held-out clips: the energy distance with known F0, and how well F0 is found."""
        assert isinstance(model, TrainingPass)
        device = next(model.parameters()).device
        energy_distance = self._distance.to(device)
        found = []
        for index, clip in enumerate(self._held_out):
            batch = {name: part.to(device) for name, part in self._whole(clip).items()}
            waves, log_f0, voicing = model(batch)
            distance = energy_distance(batch["wave"], waves[0], waves[1])
            measured = {name: float(value) for name, value in distance.items()}
            found.append(measured | _pitch_errors(log_f0[0], voicing[0], batch["pitch_hz"][0]))
            if index == 0:
                first = waves[0].cpu()
                board.add_audio("held_out", first[0], step, self.config.mel.sample_rate)
                resynthesized = LogMel(self.config.mel)(first)[0]
                board.add_image("held_out", mel_picture(resynthesized), step)
        return {name: float(np.nanmean([clip[name] for clip in found])) for name in found[0]}

    def _some_held_out(self) -> list[Clip]:
        """Some held-out clips that are longer than a segment, from all over the corpora."""
        least = self.config.segment_frames
        clips = [clip for clip in self.features.held_out() if clip.num_frames > least]
        if not clips:
            raise DataError(f"no held-out clip is longer than {least} frames (segment_frames)")
        return clips[:: max(1, len(clips) // _EVALUATED_CLIPS)][:_EVALUATED_CLIPS]

    def _whole(self, clip: Clip) -> Batch:
        wave, frames = self.features.wave(clip), clip.num_frames
        rng = np.random.default_rng(self.config.loop.seed)
        samples = frames * self.config.mel.hop_length
        noise = rng.standard_normal((2, 1, samples), np.float32)
        padded = np.pad(wave, (0, max(0, samples - len(wave))))[:samples]
        return {
            "wave": torch.from_numpy(padded)[None],
            "mel": torch.from_numpy(self.features.mel(clip).T.copy())[None],
            "pitch_hz": torch.from_numpy(self.features.pitch(clip))[None],
            "noise": torch.from_numpy(noise),
            "phase": torch.zeros(1, dtype=torch.float64),
        }

    @property
    def identity(self) -> dict[str, Any]:
        return self._origin.identity | {"start_from": self.config.start_from}

    @property
    def _origin(self) -> Origin:
        config = self.config
        return Origin("harmonic", config.model, config.mel, config.provenance)

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        assert isinstance(model, TrainingPass)
        self._origin.save(model.vocoder, folder, step, metrics)


class _Pool:
    """Clips long enough for a segment, drawn in proportion to their length."""

    def __init__(self, caches: list[Features], frames: int) -> None:
        self.frames = frames
        self.clips = [
            (features, clip)
            for features in caches
            for clip in features.training()
            if clip.num_frames > frames + 1
        ]
        lengths = np.array([clip.num_frames for _, clip in self.clips], dtype=np.float64)
        self._shares = lengths / max(1.0, lengths.sum())

    def cut(self, rng: np.random.Generator, hop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A wave (frames * hop,), its mel (frames, n_mels) and F0 (frames,) at a random place."""
        features, clip = self.clips[rng.choice(len(self.clips), p=self._shares)]
        first = int(rng.integers(clip.num_frames - self.frames))
        span = slice(clip.first_frame + first, clip.first_frame + first + self.frames)
        start = clip.first_sample + first * hop
        wave = features.waves[start : start + self.frames * hop].astype(np.float32) / 32768
        mel, pitch_hz = features.mels[span], features.pitch_hz[span]
        return wave, mel.astype(np.float32), pitch_hz.astype(np.float32)


def _pitch_errors(log_f0: Tensor, voicing: Tensor, pitch_hz: Tensor) -> dict[str, float]:
    """Median error in cents where both are voiced, and the share of frames wrongly voiced."""
    found, real = voicing > 0, pitch_hz > 0
    both = found & real
    cents = 1200 / np.log(2) * (log_f0 + LN_F0_CENTER - pitch_hz.clamp(min=1).log()).abs()
    median = float(cents[both].median()) if bool(both.any()) else float("nan")
    return {"pitch_cents": median, "voicing_error": float((found != real).float().mean())}
