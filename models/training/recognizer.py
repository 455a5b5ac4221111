"""The recognizer's recipe: mels of real speech, their phones, CTC with SpecAugment."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from models.config import check_least, check_shares
from models.losses import check_loss_names
from models.mel import LogMel, MelConfig, check_mel_fields
from models.phonology.phonemes import phones_of
from models.recognition.recognizer import BLANK, Recognizer, RecognizerConfig, ctc_loss
from models.training.batching import LengthBatches, pad_stack
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features
from models.training.noisy_speech import NoisyConfig, NoisySpeech
from models.training.optimizers import OptimizerConfig
from models.training.phone_errors import phone_error_rates
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.training.supervised import train_supervised
from models.training.warm_start import Rows, load_start, warm_start


@dataclass(frozen=True, slots=True)
class MaskConfig:
    """SpecAugment (arXiv 1904.08779): masks a clip, in bands and frames; stretch in time."""

    band_masks: int = 2
    band_width: int = 20
    time_masks_per_s: float = 1.0
    time_width: int = 16
    stretch: float = 0.12

    def __post_init__(self) -> None:
        check_least(self, 0, "band_masks", "band_width", "time_masks_per_s", "time_width")
        check_shares(self, "stretch")


@dataclass(frozen=True, slots=True)
class RecognizerTraining:
    """`configs/train/recognizer.yaml`.

    `start_from` is a recognizer to begin with; phones that it never learned begin fresh. `augment`
    mixes rooms and noises into the recordings; null leaves them clean.
    """

    recipe: Literal["recognizer"]
    run: Path
    corpus: CorpusConfig
    loop: LoopConfig
    optimizer: OptimizerConfig
    provenance: Provenance
    cache: Path = Path("runs/cache")
    mel: MelConfig = MelConfig()
    model: RecognizerConfig = RecognizerConfig()
    masks: MaskConfig = MaskConfig()
    augment: NoisyConfig | None = None
    start_from: str | None = None
    frames_per_batch: int = 14_000
    loss_weights: dict[str, float] = field(default_factory=lambda: {"ctc": 1.0})

    def __post_init__(self) -> None:
        check_loss_names(self.loss_weights, ("ctc",))
        check_mel_fields(self.mel, {"log": "ln"}, "a recognizer, which aligns by level,")
        check_least(self, 1, "frames_per_batch")
        if self.masks.band_width > self.mel.n_mels:
            raise ValueError(
                f"masks.band_width: at most mel.n_mels, {self.mel.n_mels}, found "
                f"{self.masks.band_width}"
            )


def train_recognizer(config: RecognizerTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    features = prepare_features(config.corpus, config.mel, config.cache)
    torch.manual_seed(config.loop.seed)
    return train_supervised(
        RecognizerTask(config, features), config.loop, config.optimizer, config.run
    )


class RecognizerTask:
    """See `SupervisedTask`."""

    def __init__(self, config: RecognizerTraining, features: Features) -> None:
        self.config, self.features = config, features
        self.loss_weights = dict(config.loss_weights)
        phones = {phone for clip in features.clips for phone in phones_of(clip.phonemes)}
        self.symbols = (BLANK, *sorted(phones))
        self._index = {symbol: index for index, symbol in enumerate(self.symbols)}
        self.model = Recognizer(config.model, config.mel, self.symbols)
        if config.start_from:
            self._start_from(config.start_from)
        rate = config.mel.sample_rate
        self._make_noisy = NoisySpeech(config.augment, rate) if config.augment else None
        self._log_mel = LogMel(config.mel)
        self.clips = features.training()
        lengths = [clip.num_frames for clip in self.clips]
        self._batches = LengthBatches(lengths, config.frames_per_batch, config.loop.seed)

    def _start_from(self, name: str) -> None:
        start = load_start(name, "recognizer", self.config.mel)
        rows = Rows(self.symbols, start.symbols)
        fresh = warm_start(self.model, start.model, {"head.weight": rows, "head.bias": rows})
        print(f"start from {start.label}; fresh, all or in part: {', '.join(fresh) or 'nothing'}")

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.loop.seed, step))
        clips = [self.clips[index] for index in self._batches.at(step)]
        mels = [self._augment(self._mel_of(clip, rng), rng) for clip in clips]
        return self._collate(clips, mels)

    def _mel_of(self, clip: Clip, rng: np.random.Generator) -> np.ndarray:
        """The clip's mel (T, n_mels), with a room and a noise where the config asks for them."""
        if self._make_noisy is None:
            return self.features.mel(clip)
        wave = self._make_noisy(self.features.wave(clip), rng)
        mel: np.ndarray = self._log_mel(torch.from_numpy(wave)[None])[0].T.numpy()
        return mel[: clip.num_frames]  # centred frames are one more

    def _collate(self, clips: list[Clip], mels: list[np.ndarray]) -> Batch:
        targets = [self._targets(clip) for clip in clips]
        return {
            "mel": pad_stack(mels).transpose(1, 2),  # (B, T, n_mels) -> (B, n_mels, T)
            "lengths": torch.tensor([len(mel) for mel in mels]),
            "targets": pad_stack(targets),
            "target_lengths": torch.tensor([len(target) for target in targets]),
        }

    def _targets(self, clip: Clip) -> np.ndarray:
        return np.array([self._index[phone] for phone in phones_of(clip.phonemes)])

    def _augment(self, mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        masks = self.config.masks
        factor = 1 + rng.uniform(-masks.stretch, masks.stretch)
        mel = _stretch(mel, factor)
        fill, (num_frames, num_bands) = mel.mean(), mel.shape
        for _ in range(masks.band_masks):
            width = rng.integers(masks.band_width + 1)
            first = rng.integers(num_bands - width + 1)
            mel[:, first : first + width] = fill
        seconds = num_frames * self.config.mel.frame_s
        for _ in range(rng.poisson(masks.time_masks_per_s * seconds)):
            first = rng.integers(num_frames)
            mel[first : first + rng.integers(masks.time_width + 1)] = fill
        return mel

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        log_probs, lengths = model(batch["mel"], batch["lengths"])
        loss = ctc_loss(log_probs, lengths, batch["targets"], batch["target_lengths"])
        return {"ctc": loss}

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Phone error rates on held-out recordings, as `phone_error_rates` groups them."""
        device = next(model.parameters()).device
        hypotheses = []
        for clip in self.features.held_out():
            mel = torch.from_numpy(self.features.mel(clip).T.copy())[None].to(device)
            lengths = torch.tensor([mel.shape[-1]], device=device)
            hypotheses += model.transcribe(mel, lengths)  # type: ignore[operator]
        return phone_error_rates(self.features.held_out(), hypotheses)

    @property
    def identity(self) -> dict[str, Any]:
        return self._origin.identity | {"start_from": self.config.start_from}

    @property
    def _origin(self) -> Origin:
        config = self.config
        return Origin("recognizer", config.model, config.mel, config.provenance, self.symbols)

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        self._origin.save(model, folder, step, metrics)


def _stretch(mel: np.ndarray, factor: float) -> np.ndarray:
    """(T, n_mels) to (round(T * factor), n_mels) by linear interpolation."""
    positions = np.linspace(0, len(mel) - 1, max(2, round(len(mel) * factor)))
    left = np.minimum(positions.astype(int), len(mel) - 2)
    share = (positions - left)[:, None].astype(np.float32)
    return mel[left] * (1 - share) + mel[left + 1] * share
