"""Duration, pitch and energy of recordings by phone, and their common scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.phonology.symbols import symbol_ids
from models.phonology.word_starts import has_marks, with_marks
from models.recognition.alignment import Alignment
from models.training.features import Clip, Features

_MISSING_PITCH = 5.0  # ln Hz, 148 Hz: for a speaker of whom nothing is voiced
_LARGEST_PITCH_DEVIATION = 3.0  # standard deviations; trackers jump by octaves


@dataclass(frozen=True, slots=True)
class Example:
    """One aligned clip with its prosody in natural units, N symbols."""

    clip: Clip
    ids: np.ndarray  # (N,) int64
    durations: np.ndarray  # (N,) int64, frames
    log_pitch: np.ndarray  # (N,) float32, mean ln F0; NaN where nothing is voiced
    log_energy: np.ndarray  # (N,) float32, ln amplitude


@dataclass(frozen=True, slots=True)
class ProsodyLevels:
    """Centres of the measurements: median ln F0 by speaker, mean ln amplitude of the corpus."""

    log_pitch: dict[str, float]
    log_energy: float

    def scaled_pitch(self, example: Example, std: float) -> np.ndarray:
        """(N,) deviations from the speaker's median in units of `std`; 0 where unvoiced."""
        scaled = (example.log_pitch - self.log_pitch[example.clip.speaker]) / std
        limit = _LARGEST_PITCH_DEVIATION
        return np.clip(np.nan_to_num(scaled, nan=0.0), -limit, limit).astype(np.float32)

    def contour(self, speaker: str, pitch_hz: np.ndarray, std: float) -> tuple[np.ndarray, ...]:
        """The pitch of frames (T,) as `scaled_pitch`, drawn in straight lines through those that
        are unvoiced (0 Hz), and whether they are voiced (T,), 1 or 0.
        """
        voiced = pitch_hz > 0
        if not voiced.any():
            return np.zeros(len(voiced), np.float32), voiced.astype(np.float32)
        frames = np.arange(len(voiced))
        log_pitch = np.interp(frames, frames[voiced], np.log(pitch_hz[voiced]))
        scaled = (log_pitch - self.log_pitch[speaker]) / std
        limit = _LARGEST_PITCH_DEVIATION
        return np.clip(scaled, -limit, limit).astype(np.float32), voiced.astype(np.float32)

    def scaled_energy(self, example: Example, std: float) -> np.ndarray:
        """(N,) deviations from the corpus's mean in units of `std`."""
        return ((example.log_energy - self.log_energy) / std).astype(np.float32)


def measure_example(
    clip: Clip, alignment: Alignment, features: Features, symbols: Sequence[str]
) -> Example:
    """Mean ln F0 and amplitude of each aligned symbol; ids are those of the table `symbols`."""
    durations = np.array(alignment.durations)
    pitch, mel = features.pitch(clip), features.mel(clip)
    voiced = pitch > 0
    log_pitch = np.log(np.where(voiced, pitch, 1.0))
    starts = np.concatenate([[0], durations.cumsum()[:-1]])
    count = np.add.reduceat(voiced.astype(np.float32), starts)
    total = np.add.reduceat(log_pitch * voiced, starts)
    amplitude = np.sqrt((np.exp(mel) ** 2).sum(axis=1))
    mean_amplitude = np.add.reduceat(amplitude, starts) / durations
    return Example(
        clip=clip,
        ids=symbol_ids(_as_read(alignment, clip, symbols), symbols),
        durations=durations,
        log_pitch=np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32),
        log_energy=np.log(mean_amplitude).astype(np.float32),
    )


def _as_read(alignment: Alignment, clip: Clip, table: Sequence[str]) -> Sequence[str]:
    """The aligned symbols, marked where words begin if the model's table has such symbols."""
    if not has_marks(tuple(table)):
        return alignment.symbols
    return with_marks(alignment.symbols, clip.phonemes)


def measure_levels(examples: Sequence[Example], speakers: Sequence[str]) -> ProsodyLevels:
    """The median ln F0 of every speaker and the mean ln amplitude of all `examples`."""
    log_pitch = {}
    for speaker in speakers:
        pitch = log_pitch_of(examples, speaker)
        found = float(np.nanmedian(pitch)) if np.isfinite(pitch).any() else _MISSING_PITCH
        log_pitch[speaker] = found
    energy = np.concatenate([example.log_energy for example in examples])
    return ProsodyLevels(log_pitch, float(energy.mean()))


def log_pitch_of(examples: Sequence[Example], speaker: str) -> np.ndarray:
    """ln F0 of all symbols of the speaker, NaN where unvoiced."""
    own = [example.log_pitch for example in examples if example.clip.speaker == speaker]
    return np.concatenate(own) if own else np.full(1, np.nan, np.float32)


def autoregression(residuals: Sequence[np.ndarray]) -> tuple[float, float]:
    """The standard deviation of sequences (N,) about their common mean, and how much of a value
    the next one keeps (AR(1), 0 to 0.95); NaN is a gap.
    """
    mean = np.nanmean(np.concatenate(residuals))
    deviations = [values - mean for values in residuals]
    variance = float(np.nanmean(np.concatenate(deviations) ** 2))
    products = np.concatenate([values[:-1] * values[1:] for values in deviations])
    if not np.isfinite(products).any() or not variance:
        return variance**0.5, 0.0
    return variance**0.5, float(np.clip(np.nanmean(products) / variance, 0.0, 0.95))
