"""Audio in and out: FLAC bytes, sound files, and the level of speech.

Waves are mono float32 arrays (S,) in [-1, 1].
"""

import io
import math
from pathlib import Path
from typing import BinaryIO

import numpy as np

from models.errors import DataError
from models.folders import check_can_be_written
from models.sound_files import read_frames
from models.waveform import audible, mono, peak_db

_WRITTEN = (".wav", ".flac")
CLIPPED_AT = 0.999  # of full scale
_FULL_SCALE = 32768  # 16 bit: decoding divides by this, so encoding multiplies by it

# ITU-T P.56 (method B): speech is active where its envelope lies within 15.9 dB of the active
# level, and for 200 ms after.
_LEVEL_FRAME_S = 0.010
_HANGOVER_FRAMES = 20
_MARGIN_DB = 15.9
_NOTHING_DB = -160.0  # what rounding leaves of an offset


def encode_flac(wave: np.ndarray, sample_rate: int) -> bytes:
    """`wave` (S,) in [-1, 1] as mono 16-bit FLAC. Raises `ValueError` as `pcm16` does."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, pcm16(wave), sample_rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def pcm16(wave: np.ndarray) -> np.ndarray:
    """`wave` (S,) in [-1, 1] as little-endian int16; what lies outside is clipped.

    Raises `ValueError` for an empty wave, one that is not one-dimensional, or one with NaN.
    """
    if wave.ndim != 1 or wave.size == 0:
        raise ValueError(f"expected a mono wave (S,) with S > 0, found shape {wave.shape}")
    if not np.isfinite(wave).all():
        raise ValueError("the wave holds NaN or infinite samples")
    scaled = np.rint(wave.astype(np.float64) * _FULL_SCALE)
    return np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")


def decode_audio(data: bytes) -> tuple[np.ndarray, int]:
    """(wave (S,) float32, its sample rate) of a sound file's bytes; channels become one, as in
    `models.waveform.mono`.

    Raises `DataError` as `read_frames` does.
    """
    return _read(_Bytes(data), name=f"{len(data)} bytes of audio")


def read_audio(path: Path | str, sample_rate: int) -> np.ndarray:
    """The sound file at `path` as a mono float32 wave (S,) at `sample_rate` Hz.

    Reads what libsndfile reads (wav, flac, ogg, mp3). Raises `DataError` naming the path.
    """
    try:
        with Path(path).open("rb") as file:
            wave, own_rate = _read(file, name=str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    return resample(wave, own_rate, sample_rate)


def check_audio_path(path: Path) -> None:
    """Raise `DataError` unless the name says which kind of sound file to write, and it can be."""
    if path.suffix not in _WRITTEN:
        raise DataError(f"{path}: {path.suffix or 'no suffix'}; allowed: {', '.join(_WRITTEN)}")
    check_can_be_written(path.parent)


def write_audio(path: Path, wave: np.ndarray, sample_rate: int) -> None:
    """Write `wave` (S,) as 16 bit to `path`, a .wav or .flac; raises `DataError` when it cannot."""
    import soundfile

    check_audio_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, wave, sample_rate)
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"{path}: cannot be written ({error})") from None


def resample(wave: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """`wave` (S,) at `from_rate` Hz, band-limited and at `to_rate` Hz."""
    if from_rate == to_rate:
        return wave
    import soxr

    return np.asarray(soxr.resample(wave, from_rate, to_rate, quality="HQ"), dtype=np.float32)


class _Bytes(io.BytesIO):
    """Bytes that stay where they are when a damaged file leads before their start: what is raised
    under libsndfile is printed, and lost.
    """

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


def _read(file: BinaryIO, name: str) -> tuple[np.ndarray, int]:
    frames, sample_rate = read_frames(file, name)
    if not np.isfinite(frames).all():
        raise DataError(f"{name}: holds NaN or infinite samples")
    return mono(frames), sample_rate


def rms_db(wave: np.ndarray) -> float:
    """Root mean square of `wave` in dB relative to full scale; -inf for silence."""
    power = float(np.mean(np.square(wave, dtype=np.float64))) if wave.size else 0.0
    return _decibels(power)


def active_speech_level_db(wave: np.ndarray, sample_rate: int) -> float:
    """The level of the speech in `wave` (S,) while it is active, in dB relative to full scale.

    After ITU-T P.56: pauses do not count, so a clip with long silences is as loud as one
    without. The threshold is the lowest at which (energy of the clip / active time) lies no
    more than 15.9 dB above it. Where P.56 smooths an envelope and tries thresholds in
    6 dB steps, this takes 10 ms frame energies and tries every frame's own: the figure then moves
    exactly with the gain of the wave. An offset and what lies below hearing do not count. -inf for
    silence.
    """
    return level_of_filtered_db(audible(wave, sample_rate), sample_rate)


def level_of_filtered_db(filtered: np.ndarray, sample_rate: int) -> float:
    """The same of a wave (S,) that is `audible` already."""
    if peak_db(filtered) < _NOTHING_DB:
        return -math.inf
    energies = _frame_energies(filtered, max(1, round(_LEVEL_FRAME_S * sample_rate)))
    total = float(energies.sum())
    if total <= 0.0:
        return -math.inf
    thresholds = np.sort(_hold(energies, _HANGOVER_FRAMES))  # (frames,) rising
    active_frames = np.arange(len(thresholds), 0, -1)
    levels = total / active_frames
    within_margin = levels <= thresholds * 10 ** (_MARGIN_DB / 10)
    first = int(np.argmax(within_margin)) if within_margin.any() else 0
    return _decibels(float(levels[first]))


def clipped_fraction(wave: np.ndarray) -> float:
    """The part of the samples of `wave` (S,) that lie at full scale."""
    return round(float(np.mean(np.abs(wave) >= CLIPPED_AT)), 6) if len(wave) else 0.0


def _frame_energies(wave: np.ndarray, frame: int) -> np.ndarray:
    """Mean square of every frame; the last, shorter one counts as if padded with silence."""
    squares = np.square(wave, dtype=np.float64)
    starts = np.arange(0, len(squares), frame)
    return np.add.reduceat(squares, starts) / frame if len(squares) else np.zeros(0)


def _hold(energies: np.ndarray, frames: int) -> np.ndarray:
    """The maximum of every frame and the `frames` before it: (F,) -> (F,)."""
    padded = np.concatenate([np.zeros(frames), energies])
    return np.lib.stride_tricks.sliding_window_view(padded, frames + 1).max(axis=-1)


def _decibels(power: float) -> float:
    return 10.0 * math.log10(power) if power > 0.0 else -math.inf
