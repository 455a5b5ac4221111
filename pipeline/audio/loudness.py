"""Loudness and true peak: ITU-R BS.1770 and EBU R128."""

import functools
import math
import warnings

import numpy as np

from models.waveform import audible
from pipeline.audio.files import resample

QUIETEST_LUFS = -70.0  # the absolute gate of ITU-R BS.1770: nothing quieter is measured
HIGHEST_TRUE_PEAK_DB = -1.0  # EBU R128, section 4: what a coder or a converter still survives
_BLOCK_S = 0.4
_OVERSAMPLED_TO_HZ = 192_000  # ITU-R BS.1770-5, annex 2: four times 48 kHz


def loudness_lufs(wave: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness of `wave` (S,) by ITU-R BS.1770; -70 for silence.

    An offset is taken off first: the meter's filters would hear it begin. A clip shorter than one
    0.4 s block is padded with silence to one block.
    """
    return loudness_of_filtered_lufs(audible(wave, sample_rate), sample_rate)


def loudness_of_filtered_lufs(filtered: np.ndarray, sample_rate: int) -> float:
    """The same of a wave (S,) that is `audible` already."""
    missing = round(_BLOCK_S * sample_rate) + 1 - len(filtered)
    padded = np.pad(filtered, (0, max(0, missing))).astype(np.float64)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")
        loudness = float(_meter(sample_rate).integrated_loudness(padded))
    return max(loudness, QUIETEST_LUFS) if np.isfinite(loudness) else QUIETEST_LUFS


def true_peak_db(wave: np.ndarray, sample_rate: int) -> float:
    """The peak of `wave` (S,) between its samples, too, in dB of full scale; -inf for silence.

    As ITU-R BS.1770-5, annex 2 has it, by oversampling at least four times.
    """
    times = max(4, -(-_OVERSAMPLED_TO_HZ // sample_rate))
    finer = resample(wave.astype(np.float32), sample_rate, times * sample_rate)
    peak = max(float(np.abs(each).max(initial=0.0)) for each in (wave, finer))
    return 20 * math.log10(peak) if peak > 0.0 else -math.inf


def gain_to_db(wave: np.ndarray, sample_rate: int, target_lufs: float) -> float:
    """The gain in dB that brings `wave` (S,) to `target_lufs`, or as near to it as a true peak of
    -1 dB allows. 0 for silence, which no gain makes louder.
    """
    loudness = loudness_lufs(wave, sample_rate)
    if loudness <= QUIETEST_LUFS:
        return 0.0
    return min(target_lufs - loudness, HIGHEST_TRUE_PEAK_DB - true_peak_db(wave, sample_rate))


@functools.cache
def _meter(sample_rate: int):  # type: ignore[no-untyped-def]  # pyloudnorm has no types
    import pyloudnorm

    return pyloudnorm.Meter(sample_rate, block_size=_BLOCK_S)
