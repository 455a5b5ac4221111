"""What the recipes of all vocoders share: segments of speech, their mels, evaluation."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from models.config import as_mapping, check_least, check_ordered
from models.errors import ConfigError, DataError
from models.losses import MultiResolutionStft, StftLossConfig
from models.mel import LogMel, MelConfig, check_same_mel
from models.training.adversarial import Generated, train_adversarial
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features
from models.training.mels import open_teacher_mels
from models.training.optimizers import OptimizerConfig
from models.training.pictures import mel_picture
from models.training.provenance import Origin, Provenance
from models.training.session import UNFIT_STATE, Batch, LoopConfig
from models.training.warm_start import load_start
from models.vocoders.discriminators import AdversaryConfig, Discriminators


@dataclass(frozen=True, slots=True, kw_only=True)
class VocoderTraining:
    """The part of every vocoder's YAML that is the same.

    `teacher_mels` is a folder that `voxloom mels` wrote: the vocoder learns from an acoustic
    model's mels instead of the recordings' own. `start_from` is a checkpoint to go on from, and
    `discriminators_of` the folder of a run whose discriminators go on with it.
    """

    RENAMED: ClassVar = {
        name: name.replace("critics", "discriminators")
        for name in ("critics", "critics_of", "critics_from_step", "critics_optimizer")
    }

    run: Path
    corpus: CorpusConfig
    loop: LoopConfig
    optimizer: OptimizerConfig
    discriminators_optimizer: OptimizerConfig
    provenance: Provenance
    cache: Path = Path("runs/cache")
    mel: MelConfig = MelConfig()
    teacher_mels: Path | None = None
    start_from: str | None = None
    discriminators_of: Path | None = None
    discriminators_from_step: int = 0
    reverse_labels_every: int = 0  # epochs; 0 never
    adversary: AdversaryConfig = AdversaryConfig()
    stft: StftLossConfig = StftLossConfig()
    segment_frames: int = 32
    batch_size: int = 16
    gain_db: tuple[float, float] = (-9.0, 6.0)  # segments are heard at levels between these

    def __post_init__(self) -> None:
        check_segments(self.batch_size, self.segment_frames, self.mel, self.stft.fft_sizes)
        check_ordered(self, "gain_db")
        check_least(self, 0, "discriminators_from_step", "reverse_labels_every")


def check_segments(
    batch_size: int, segment_frames: int, mel: MelConfig, fft_sizes: Sequence[int]
) -> None:
    """For a config's `__post_init__`: raise `ValueError` for empty batches, and for segments too
    short to be mirrored at their ends for an FFT.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size: at least 1, found {batch_size}")
    fewest = max(mel.n_fft, *fft_sizes) // 2 // mel.hop_length + 1
    if segment_frames < fewest:
        raise ValueError(
            f"segment_frames: at least {fewest}, for FFTs of {max(mel.n_fft, *fft_sizes)}; "
            f"found {segment_frames}"
        )


class VocoderTask(ABC):
    """The half of `AdversarialTask` that does not depend on the vocoder.

    A recipe adds `generate`, and may add to `distances`.
    """

    kind: str

    def __init__(
        self,
        config: VocoderTraining,
        features: Features,
        model: nn.Module,
        discriminators: Discriminators,
        loss_weights: dict[str, float],
    ) -> None:
        self.config, self.features = config, features
        self.model, self.discriminators = model, discriminators
        self.loss_weights = dict(loss_weights)
        if config.start_from:
            start_from(config.start_from, self.kind, model, config.mel)
        if config.discriminators_of:
            _load_discriminators(config.discriminators_of, discriminators)
        self.adversary = config.adversary
        self.discriminators_from_step = config.discriminators_from_step
        self.reverse_labels_every = config.reverse_labels_every
        self._length = config.segment_frames * config.mel.hop_length
        self.clips = [clip for clip in features.training() if clip.num_samples > self._length]
        if not self.clips:
            raise DataError(f"no clip to train on is longer than {config.segment_frames} frames")
        if not features.held_out():  # a corpus always has some
            raise DataError(
                f"teacher_mels: {config.teacher_mels} holds no clip of a held-out sentence, to "
                "evaluate on; write it of a larger part of the corpus"
            )
        self.steps_per_epoch = max(1, len(self.clips) // config.batch_size)
        self._shares = np.array([clip.num_samples for clip in self.clips], dtype=np.float64)
        self._shares /= self._shares.sum()
        self._log_mel = LogMel(config.mel)
        self.resolutions = MultiResolutionStft(config.stft)
        # Frames at a segment's edges see its outside where the mel is not the segment's own.
        self._reads_mels = config.teacher_mels is not None or config.mel.padding == "center"

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.loop.seed, step))
        chosen = rng.choice(len(self.clips), self.config.batch_size, p=self._shares)
        if self._reads_mels:
            pairs = [self._cut_both(self.clips[index], rng) for index in chosen]
            waves, mels = (np.stack(parts) for parts in zip(*pairs, strict=True))
            return {
                "wave": torch.from_numpy(waves),
                "mel": torch.from_numpy(mels).transpose(1, 2),  # -> (B, n_mels, T)
            }
        segments = np.stack([self._cut_wave(self.clips[index], rng) for index in chosen])
        wave = torch.from_numpy(segments)
        return {"wave": wave, "mel": self._log_mel(wave)}

    def _cut_wave(self, clip: Clip, rng: np.random.Generator) -> np.ndarray:
        """(segment_samples,) at a random place and level."""
        start = clip.first_sample + rng.integers(clip.num_samples - self._length)
        wave = self.features.waves[start : start + self._length].astype(np.float32) / 32768
        gain = 10 ** (rng.uniform(*self.config.gain_db) / 20)
        return wave * min(gain, 0.95 / (np.abs(wave).max() + 1e-5))

    def _cut_both(self, clip: Clip, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A wave (segment_samples,) and the clip's own mel (segment_frames, n_mels) of it."""
        frames, hop = self.config.segment_frames, self.config.mel.hop_length
        first = int(rng.integers(clip.num_frames - frames + 1))
        start = clip.first_sample + first * hop
        wave = self.features.waves[start : start + frames * hop].astype(np.float32) / 32768
        return wave, self.features.mel(clip)[first : first + frames]

    @abstractmethod
    def generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        """See `AdversarialTask`."""

    def distances(self, model: nn.Module, mel: Tensor, wave: Tensor) -> dict[str, float]:
        """Further metrics of a held-out clip, ahead of the common ones."""
        return {}

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Distances on held-out clips; the first of them goes to TensorBoard."""
        device = next(model.parameters()).device
        # Of its own: the thread that makes batches uses self._log_mel on the CPU.
        log_mel = LogMel(self.config.mel).to(device)
        resolutions = self.resolutions.to(device)
        found: list[dict[str, float]] = []
        for index, clip in enumerate(self.features.held_out()[:24]):
            mel = torch.from_numpy(self.features.mel(clip).T.copy())[None].to(device)
            real = torch.from_numpy(self.features.wave(clip))[None].to(device)
            fake = model(mel)
            copied, wanted = log_mel(fake), log_mel(real)
            found.append(
                self.distances(model, mel, real)
                | {
                    "mel_l1": float(nn.functional.l1_loss(copied, wanted)),
                    "stft": float(resolutions(fake, real)),
                }
            )
            if index == 0:
                board.add_audio("held_out", fake[0].cpu(), step, self.config.mel.sample_rate)
                board.add_image("held_out", mel_picture(copied[0].cpu()), step)
        return {name: float(np.mean([clip[name] for clip in found])) for name in found[0]}

    @property
    def identity(self) -> dict[str, Any]:
        begun = {part: getattr(self.config, part) for part in ("start_from", "discriminators_of")}
        return self._origin.identity | as_mapping(begun)

    @property
    def _origin(self) -> Origin:
        return Origin(self.kind, self.model.config, self.config.mel, self.config.provenance)

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        self._origin.save(without_weight_norm(model), folder, step, metrics)


def open_corpus(config: VocoderTraining) -> Features:
    """The recordings, or an acoustic model's mels of them."""
    if config.teacher_mels is None:
        return prepare_features(config.corpus, config.mel, config.cache)
    features = open_teacher_mels(config.teacher_mels)
    check_same_mel(features.mel_config, config.mel, f"{config.teacher_mels} and the vocoder")
    return features


def train_task(task: VocoderTask, config: VocoderTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    optimizers = {"generator": config.optimizer, "discriminators": config.discriminators_optimizer}
    return train_adversarial(task, config.loop, optimizers, config.run)


def add_weight_norm(model: nn.Module) -> nn.Module:
    """Weight normalization (Salimans & Kingma 2016) on every convolution of `model`, in place."""
    for module in list(model.modules()):
        if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
            weight_norm(module)
    return model


def without_weight_norm(model: nn.Module) -> nn.Module:
    """A vocoder of the same sizes with plain weights, as checkpoints hold them.

    It is built anew: a copy of a parametrized module shares its class with the original, which
    would lose its weights when the copy's parametrization is removed.
    """
    plain: nn.Module = type(model)(model.config, model.mel)
    state = {}
    for name in plain.state_dict():
        owner, _, leaf = name.rpartition(".")
        state[name] = getattr(model.get_submodule(owner), leaf)
    plain.load_state_dict(state)
    return plain


def _load_discriminators(run: Path, discriminators: Discriminators) -> None:
    """Continue with the trained discriminators of a run."""
    try:
        state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
        discriminators.load_state_dict(state["modules"]["discriminators"])
    except UNFIT_STATE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"discriminators_of: {run} has no such discriminators ({reason}); give the folder of "
            "the run that start_from is of, or null for new ones"
        ) from None


def start_from(name: str, kind: str, model: nn.Module, mel: MelConfig) -> None:
    """Take the weights of a checkpoint that has the same sizes."""
    checkpoint = load_start(name, kind, mel)
    if checkpoint.model.config != model.config:
        raise ConfigError(
            f"start_from: {name} has other sizes: {checkpoint.model.config}; "
            f"this config asks for {model.config}"
        )
    model.load_state_dict(checkpoint.model.state_dict())
