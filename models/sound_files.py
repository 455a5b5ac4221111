"""Sound files that may come from anyone, read within limits.

A header may claim what the file does not hold, and a file of megabytes may unpack to gigabytes: no
more is read than a header claims, and what it claims is checked before memory is taken for it.
"""

from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from models.errors import DataError

MAX_SAMPLES = 2**29  # of all channels, 2 GB as float32; an hour and a half of stereo at 48 kHz
MAX_SECONDS = 4 * 3600
RATES_HZ = (1000, 768_000)


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
        with soundfile.SoundFile(file) as sound:
            _check_extent(sound.frames, sound.channels, sound.samplerate, name)
            return sound.read(dtype="float32", always_2d=True), int(sound.samplerate)
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise DataError(f"{name}: not a sound file that can be read ({error})") from None


def read_header(path: Path) -> Header:
    """What a file claims to hold. Raises `DataError` as `read_frames` does."""
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise DataError(f"{path}: not a sound file that can be read ({error})") from None
    _check_extent(info.frames, info.channels, info.samplerate, str(path))
    return Header(int(info.frames), int(info.samplerate))


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
