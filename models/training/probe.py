"""The training loop of a probe, with early stopping on the dataset's own validation split."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.errors import TrainingError
from models.recognition.probe_networks import (
    CtcProbe,
    KeywordProbe,
    ProbeConfig,
    ProbeKind,
    probe_mel,
)
from models.recognition.recognizer import RecognizerConfig
from models.training.batching import LengthBatches, pad_stack

TrainedProbe = KeywordProbe | CtcProbe
_LARGEST_GRADIENT = 5.0
_WARMUP = 0.1
_HEARD_AT_ONCE = 32
_CTC_SIZE = RecognizerConfig(dim=96, hidden_dim=192, num_layers=4, kernel_size=9)


@dataclass(frozen=True, slots=True)
class ProbeTraining:
    """How long a probe is trained. After `patience` epochs without a lower loss on validation it
    stops; the best weights are kept.
    """

    epochs: int = 20
    patience: int = 5
    max_frames: int = 2000  # mel frames in a batch
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LabelledFeatures:
    """A clip as input of the probe: features (T, n_mels), and the reference text."""

    features: np.ndarray
    text: str


def train_probe(
    kind: ProbeKind,
    sample_rate: int,
    train: Sequence[LabelledFeatures],
    validation: Sequence[LabelledFeatures],
    config: ProbeTraining = ProbeTraining(),
    report: Callable[[str], None] = lambda line: None,
) -> TrainedProbe:
    """A probe trained on `train` alone. With one thread, the same for the same input and seed.

    Raises `TrainingError` when the loss is no longer finite.
    """
    torch.manual_seed(config.seed)
    probe = _new_probe(kind, sample_rate, train)
    lengths = [len(clip.features) for clip in train]
    batches = LengthBatches(lengths, config.max_frames, config.seed)
    an_epoch = -(-sum(lengths) // config.max_frames)
    optimizer = torch.optim.AdamW(probe.parameters(), weight_decay=config.weight_decay)
    best, lowest, lost = copy.deepcopy(probe.state_dict()), math.inf, 0
    for step in range(config.epochs * an_epoch):
        rate = config.learning_rate * _share_of_rate(step / (config.epochs * an_epoch))
        _learn(probe, [train[index] for index in batches.at(step)], optimizer, rate)
        if (step + 1) % an_epoch:
            continue
        loss = loss_of(probe, validation)
        report(f"epoch {(step + 1) // an_epoch}: validation loss {loss:.4f}")
        lost = 0 if loss < lowest else lost + 1
        if loss < lowest:
            best, lowest = copy.deepcopy(probe.state_dict()), loss
        if lost >= config.patience:
            break
    probe.load_state_dict(best)
    return probe.eval()


@torch.inference_mode()
def loss_of(probe: TrainedProbe, clips: Sequence[LabelledFeatures]) -> float:
    """The mean loss over clips, batch by batch."""
    probe.eval()
    return sum(
        float(probe.loss(*_batch(few), [clip.text for clip in few])) * len(few)
        for few in _batches(clips)
    ) / len(clips)


@torch.inference_mode()
def transcribe_clips(probe: TrainedProbe, clips: Sequence[LabelledFeatures]) -> list[str]:
    """The probe's hypothesis of each clip."""
    probe.eval()
    return [text for few in _batches(clips) for text in probe.hear(*_batch(few))]


def _new_probe(
    kind: ProbeKind, sample_rate: int, train: Sequence[LabelledFeatures]
) -> TrainedProbe:
    mel = probe_mel(sample_rate)
    if kind == "ctc":
        return CtcProbe(_CTC_SIZE, mel)
    return KeywordProbe(ProbeConfig(), mel, tuple(sorted({clip.text for clip in train})))


def _learn(
    probe: TrainedProbe,
    clips: Sequence[LabelledFeatures],
    optimizer: torch.optim.Optimizer,
    rate: float,
) -> None:
    probe.train()
    loss = probe.loss(*_batch(clips), [clip.text for clip in clips])
    if not torch.isfinite(loss):
        raise TrainingError("the probe's loss is not finite; are there clips of nothing?")
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(probe.parameters(), _LARGEST_GRADIENT)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()


def _share_of_rate(done: float) -> float:
    """Linear warm-up for a tenth of the time, then a cosine to 0."""
    if done < _WARMUP:
        return (done + 1e-3) / _WARMUP
    return 0.5 * (1 + math.cos(math.pi * (done - _WARMUP) / (1 - _WARMUP)))


def _batches(clips: Sequence[LabelledFeatures]) -> Iterator[Sequence[LabelledFeatures]]:
    for first in range(0, len(clips), _HEARD_AT_ONCE):
        yield clips[first : first + _HEARD_AT_ONCE]


def _batch(clips: Sequence[LabelledFeatures]) -> tuple[Tensor, Tensor]:
    """(B, n_mels, T), and the frames of each clip (B,)."""
    mels = pad_stack([clip.features for clip in clips]).transpose(1, 2)  # (B, T, n_mels) before
    return mels, torch.tensor([len(clip.features) for clip in clips])
