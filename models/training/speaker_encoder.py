"""The speaker encoder's recipe: short crops of many speakers, and a margin between them."""

import hashlib
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import check_least
from models.errors import DataError
from models.losses import check_loss_names
from models.mel import MelConfig, check_mel_fields
from models.recognition.speaker_encoder import (
    SpeakerEncoder,
    SpeakerEncoderConfig,
    equal_error_rate,
    margin_loss,
)
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features
from models.training.optimizers import OptimizerConfig
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.training.supervised import train_supervised


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """Augmentation by what differs between recordings of one speaker: the level of bands in slow
    waves, a floor of noise, in natural-log mel units, and bands lost.
    """

    tilt: float = 0.6
    floor: float = 3.0  # at most so far above the clip's quietest tenth
    mask_bands: int = 12

    def __post_init__(self) -> None:
        check_least(self, 0, "tilt", "mask_bands")
        check_least(self, -3, "floor")


@dataclass(frozen=True, slots=True)
class SpeakerEncoderTraining:
    """`configs/train/speaker_encoder.yaml`.

    `held_out_speakers` is the share of speakers that are never trained on, by their names. Each
    of the others counts as one more speaker for every one of `warps`, by which the frequencies of
    a mel are scaled, as a longer or shorter vocal tract would.
    """

    recipe: Literal["speaker-encoder"]
    run: Path
    corpus: CorpusConfig
    loop: LoopConfig
    optimizer: OptimizerConfig
    provenance: Provenance
    cache: Path = Path("runs/cache")
    mel: MelConfig = MelConfig()
    model: SpeakerEncoderConfig = SpeakerEncoderConfig()
    channel: ChannelConfig = ChannelConfig()
    warps: tuple[float, ...] = (0.88, 1.0, 1.13)
    held_out_speakers: float = 0.2
    speakers_per_batch: int = 32
    clips_per_speaker: int = 2
    crop_frames: int = 140
    margin: float = 0.2
    scale: float = 20.0
    loss_weights: dict[str, float] = field(default_factory=lambda: {"margin": 1.0})

    def __post_init__(self) -> None:
        check_loss_names(self.loss_weights, ("margin",))
        check_mel_fields(self.mel, {"log": "ln"}, "the speaker encoder")
        check_least(self, 1, "speakers_per_batch", "clips_per_speaker", "crop_frames")
        if not self.warps or min(self.warps) <= 0:
            raise ValueError(f"warps: one or more above 0, found {list(self.warps)}")
        if self.channel.mask_bands > self.mel.n_mels:
            raise ValueError(
                f"channel.mask_bands: at most mel.n_mels, {self.mel.n_mels}, found "
                f"{self.channel.mask_bands}"
            )
        if not 0 < self.held_out_speakers < 1:
            raise ValueError(f"held_out_speakers: between 0 and 1, found {self.held_out_speakers}")


class _WithSpeakers(nn.Module):
    """The encoder and a direction for each speaker it is trained on; only the encoder is kept."""

    def __init__(self, encoder: SpeakerEncoder, num_speakers: int) -> None:
        super().__init__()
        self.encoder, self.num_speakers = encoder, num_speakers
        self.directions = nn.Parameter(torch.randn(num_speakers, encoder.config.embedding_dim))

    def forward(self, mels: Tensor, lengths: Tensor) -> Tensor:
        """(B, n_mels, T) to cosines (B, speakers)."""
        return self.encoder(mels, lengths) @ F.normalize(self.directions, dim=-1).T


def train_speaker_encoder(config: SpeakerEncoderTraining) -> Path:
    """Train until done; returns the best checkpoint's folder."""
    features = prepare_features(config.corpus, config.mel, config.cache)
    torch.manual_seed(config.loop.seed)
    return train_supervised(
        SpeakerEncoderTask(config, features), config.loop, config.optimizer, config.run
    )


def is_held_out(speaker: str, share: float) -> bool:
    """Whether a speaker is held out, by the name alone: the same ones in every run."""
    digest = hashlib.blake2b(speaker.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") < share * 2**32


class SpeakerEncoderTask:
    """See `SupervisedTask`."""

    def __init__(self, config: SpeakerEncoderTraining, features: Features) -> None:
        self.config, self.features = config, features
        self.loss_weights = dict(config.loss_weights)
        by_speaker: dict[str, list[Clip]] = {}
        for clip in features.clips:
            by_speaker.setdefault(clip.speaker, []).append(clip)
        names_held_out = {
            name for name in by_speaker if is_held_out(name, config.held_out_speakers)
        }
        self.held_out = {
            name: clips for name, clips in by_speaker.items() if name in names_held_out
        }
        self.trained = [clips for name, clips in by_speaker.items() if name not in names_held_out]
        if len(self.trained) < 2 or sum(len(clips) > 1 for clips in self.held_out.values()) < 2:
            raise DataError(
                f"corpus: {len(self.trained)} speakers to train on and {len(self.held_out)} held "
                "out; at least two of each are needed"
            )
        encoder = SpeakerEncoder(config.model, config.mel)
        self.model = _WithSpeakers(encoder, len(self.trained) * len(config.warps))

    def batch(self, step: int) -> Batch:
        """Equally many clips of every drawn speaker."""
        config = self.config
        rng = np.random.default_rng((config.loop.seed, step))
        count = min(config.speakers_per_batch, self.model.num_speakers)
        speakers = rng.choice(self.model.num_speakers, count, replace=False)
        speakers = np.repeat(speakers, config.clips_per_speaker)
        crops = [self._crop(speaker, rng) for speaker in speakers.tolist()]
        return {
            "mel": torch.from_numpy(np.stack(crops)).transpose(1, 2),
            "lengths": torch.full((len(crops),), config.crop_frames),
            "speakers": torch.from_numpy(speakers),
        }

    def _crop(self, speaker: int, rng: np.random.Generator) -> np.ndarray:
        """(crop_frames, n_mels) of one of the clips, through another drawn channel."""
        number, warp = divmod(speaker, len(self.config.warps))
        clips = self.trained[number]
        mel = _warped(
            self.features.mel(clips[int(rng.integers(len(clips)))]), self.config.warps[warp]
        )
        size = self.config.crop_frames
        while len(mel) < size:
            mel = np.concatenate([mel, mel])
        start = int(rng.integers(len(mel) - size + 1))
        return self._through_a_channel(mel[start : start + size].copy(), rng)

    def _through_a_channel(self, mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        channel, bands = self.config.channel, np.linspace(0, 1, mel.shape[1])
        for waves in (0.5, 1, 2):
            phase, height = rng.uniform(0, 2 * np.pi), rng.normal(0, channel.tilt / 2)
            mel += (height * np.cos(2 * np.pi * waves * bands + phase)).astype(np.float32)
        floor = np.quantile(mel, 0.1) + rng.uniform(-3, channel.floor)
        noisy = np.logaddexp(mel, floor).astype(np.float32)
        width = int(rng.integers(channel.mask_bands + 1))
        first = int(rng.integers(mel.shape[1] - width + 1))
        noisy[:, first : first + width] = floor
        return noisy

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        cosines = model(batch["mel"], batch["lengths"]).float()
        return {
            "margin": margin_loss(cosines, batch["speakers"], self.config.margin, self.config.scale)
        }

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Equal error rate over all pairs of clips of speakers that were never trained on."""
        encoder: Any = model.encoder
        device = next(model.parameters()).device
        vectors, owners = [], []
        for owner, clips in enumerate(self.held_out.values()):
            for clip in clips[:20]:
                mel = torch.from_numpy(self.features.mel(clip).T.copy())[None].to(device)
                vectors.append(encoder(mel, torch.tensor([mel.shape[-1]], device=device))[0].cpu())
                owners.append(owner)
        pairs = list(combinations(range(len(owners)), 2))
        left, right = (torch.stack([vectors[pair[side]] for pair in pairs]) for side in (0, 1))
        similar = (left * right).sum(dim=-1)
        is_same = torch.tensor([owners[a] == owners[b] for a, b in pairs])
        return {"equal_error_rate": equal_error_rate(similar[is_same], similar[~is_same])}

    @property
    def identity(self) -> dict[str, Any]:
        """With the speakers and warps whose directions it learns, which do not ship."""
        names = [clips[0].speaker for clips in self.trained]
        return self._origin.identity | {"speakers": names, "warps": list(self.config.warps)}

    @property
    def _origin(self) -> Origin:
        config = self.config
        return Origin("speaker-encoder", config.model, config.mel, config.provenance)

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        self._origin.save(model.encoder, folder, step, metrics)  # type: ignore[arg-type]


def _warped(mel: np.ndarray, factor: float) -> np.ndarray:
    """(T, n_mels) with every band's content moved to `factor` times its place."""
    num_bands = mel.shape[1]
    positions = np.minimum(np.arange(num_bands) / factor, num_bands - 1)
    left = np.minimum(positions.astype(int), num_bands - 2)
    share = (positions - left).astype(np.float32)
    return mel[:, left] * (1 - share) + mel[:, left + 1] * share
