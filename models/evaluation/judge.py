"""Features of a waveform for the evaluation tables, the same for every system.

Waves of other rates are brought to the recognizer's, and every mel is the recognizer's, so that
systems which were trained on different mel spectrograms can stand in one table.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from models.errors import DataError
from models.evaluation.listener import Listener
from models.mel import LogMel, MelConfig
from models.training.features import Clip, Features
from models.training.measured import pitch_of
from models.voice import Vocoder, waveforms

_SHORTEST_S = 0.1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AlignedClip:
    """A wave (S,) at the judge's rate, its log-mel (n_mels, T) and its pitch (T,) in Hz."""

    wave: np.ndarray
    mel: np.ndarray
    pitch_hz: np.ndarray

    def first(self, other: "AlignedClip") -> "AlignedClip":
        """As many samples and frames as both have: vocoders may be off by a frame."""
        frames = min(self.mel.shape[1], other.mel.shape[1])
        samples = min(len(self.wave), len(other.wave))
        return AlignedClip(self.wave[:samples], self.mel[:, :frames], self.pitch_hz[:frames])


class Judge:
    """Hears waves with the recognizer, its mel and a pitch tracker."""

    def __init__(
        self, recognizer: str, opinion: Callable[[np.ndarray, int], float] | None = None
    ) -> None:
        """`opinion` predicts how natural a wave (S,) of some rate sounds."""
        self._listener, self._opinion = Listener(recognizer), opinion
        self.mel = self._listener.checkpoint.mel

    def analyze(self, wave: np.ndarray, sample_rate: int) -> AlignedClip:
        """A wave (S,) of any rate, with silence after one too short to have a pitch.

        Raises `DataError` for one that is not finite.
        """
        if not np.isfinite(wave).all():
            raise DataError("its waveform is not finite")
        wave = resampled(wave, sample_rate, self.mel.sample_rate)
        shortest = round(_SHORTEST_S * self.mel.sample_rate)
        wave = np.pad(wave, (0, max(0, shortest - len(wave))))
        mel = self._listener.log_mel(wave)[0].numpy()
        pitch_hz = pitch_of(wave, self.mel)
        frames = min(mel.shape[1], len(pitch_hz))
        return AlignedClip(wave, mel[:, :frames], pitch_hz[:frames])

    def phone_edits(self, aligned: AlignedClip, phonemes: str) -> tuple[int, int]:
        """Phone edits, and phones that were meant."""
        return self._listener.phone_edits(torch.from_numpy(aligned.mel)[None], phonemes)

    def opinion(self, aligned: AlignedClip) -> float:
        """The predicted opinion score; NaN without a predictor."""
        if self._opinion is None:
            return float("nan")
        return self._opinion(aligned.wave, self.mel.sample_rate)


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording as the judge hears it."""

    clip: Clip
    aligned: AlignedClip


def references(
    features: Features, judge: Judge, clips: Sequence[Clip] | None = None
) -> list[Reference]:
    """All recordings of `features`, or some of them."""
    rate = features.mel_config.sample_rate
    return [
        Reference(clip, judge.analyze(features.wave(clip), rate))
        for clip in (features.clips if clips is None else clips)
    ]


def mel_of_wave(wave: np.ndarray, sample_rate: int, target: MelConfig) -> Tensor:
    """A wave (S,) of some rate as (1, n_mels, T) in the terms of `target`."""
    samples = torch.from_numpy(resampled(wave, sample_rate, target.sample_rate))
    mel: Tensor = LogMel(target)(samples[None])
    return mel


def resampled(wave: np.ndarray, source_rate: int, target_rate: int) -> np.ndarray:
    """A wave (S,) as float32 at another rate."""
    if source_rate != target_rate:
        import soxr

        wave = soxr.resample(wave, source_rate, target_rate)
    return np.ascontiguousarray(wave, dtype=np.float32)


def timed(call: Callable[[], T], device: str) -> tuple[T, float]:
    """What a call gives, and the seconds until the device has finished it."""
    _wait_for(device)
    started = time.perf_counter()
    result = call()
    _wait_for(device)
    return result, time.perf_counter() - started


def _wait_for(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def waveform(vocoder: Vocoder, mel: Tensor, pitch_hz: Tensor | None = None) -> np.ndarray:
    """A log-mel (1, n_mels, T) in the vocoder's scale, and F0 (1, T) where it is known, on any
    device, to (S,) float32.
    """
    with torch.inference_mode():
        wave: np.ndarray = waveforms(vocoder, mel, pitch_hz)[0].float().cpu().numpy()
    return wave


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
