"""The sound of a clip as a WAV file: 16 bit, mono, at its own rate or another."""

import io

import numpy as np

from models.errors import DataError
from pipeline.audio import decode_audio, resample
from pipeline.export.clips import Clip

_FULL_SCALE = 32768  # 16 bit: decoding divides by this, so encoding multiplies by it


def as_wav(clip: Clip, sample_rate: int | None = None) -> bytes:
    """The clip as a WAV file, at `sample_rate` Hz where one is given.

    Clips of 16 bit that keep their rate keep every sample. Raises `DataError` naming the row.
    """
    import soundfile

    try:
        wave, own_rate = decode_audio(clip.sound)
    except DataError as error:
        raise DataError(f"row {clip.id}: {error}") from None
    rate = sample_rate or own_rate
    scaled = np.rint(resample(wave, own_rate, rate).astype(np.float64) * _FULL_SCALE)
    samples = np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
