"""Sound files that may come from anyone, read within limits.

A header may claim what the file does not hold, and a file of megabytes may unpack to gigabytes: no
more is read than a header claims, and what it claims is checked before memory is taken for it.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from models.errors import DataError

MAX_SAMPLES = 2**29  # of all channels, 2 GB as float32; an hour and a half of stereo at 48 kHz
MAX_SECONDS = 4 * 3600
MAX_SAMPLE = 1e10  # times full scale, of floats; the square of more is beyond float32
RATES_HZ = (1000, 768_000)
_FLOATS = ("FLOAT", "DOUBLE")
_redirecting = threading.Lock()


class Header(NamedTuple):
    """Samples a channel, and their rate in Hz."""

    frames: int
    rate: int


def read_frames(file: Path | BinaryIO, name: str) -> tuple[np.ndarray, int]:
    """(frames (S, C) float32, their rate in Hz) of what libsndfile reads.

    Raises `DataError` beginning with `name` for what is no sound or beyond the limits.
    """
    import soundfile

    try:
        with _without_notes(file), soundfile.SoundFile(file) as sound:
            _check_extent(sound.frames, sound.channels, sound.samplerate, name)
            frames = sound.read(dtype="float32", always_2d=True)
            if sound.subtype in _FLOATS:
                _check_level(frames, name)
            return frames, int(sound.samplerate)
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise DataError(f"{name}: not a sound file that can be read ({error})") from None


def read_header(path: Path) -> Header:
    """What a file claims to hold. Raises `DataError` as `read_frames` does."""
    import soundfile

    try:
        with _without_notes(path):
            info = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise DataError(f"{path}: not a sound file that can be read ({error})") from None
    _check_extent(info.frames, info.channels, info.samplerate, str(path))
    return Header(int(info.frames), int(info.samplerate))


@contextmanager
def _without_notes(file: Path | BinaryIO) -> Iterator[None]:
    """libmpg123 writes what it thinks of a file's tags to standard error, and has no other way:
    nobody reads it within the block for a file on disk that is MP3.
    """
    if not isinstance(file, Path) or file.suffix.lower() != ".mp3":
        yield
        return
    with _redirecting:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


def _check_level(frames: np.ndarray, name: str) -> None:
    """NaN and infinite samples are a matter of whoever reads them."""
    finite = frames[np.isfinite(frames)]
    largest = float(np.abs(finite).max(initial=0.0))
    if largest > MAX_SAMPLE:
        raise DataError(f"{name}: a sample of {largest:.2g} full scale; at most {MAX_SAMPLE:.0e}")


def _check_extent(frames: int, channels: int, rate: int, name: str) -> None:
    low, high = RATES_HZ
    if not low <= rate <= high:
        raise DataError(f"{name}: a sample rate of {rate:,} Hz; {low:,} to {high:,} are read")
    if frames * channels > MAX_SAMPLES:
        raise DataError(
            f"{name}: claims {frames * channels:,} samples; at most {MAX_SAMPLES:,} are read"
        )
    if frames > MAX_SECONDS * rate:
        hours, most = frames / rate / 3600, MAX_SECONDS // 3600
        raise DataError(f"{name}: claims {hours:,.1f} hours of sound; at most {most} are read")
