"""The sound of a clip as a WAV file: 16 bit, mono, at its own rate or another."""

from models.errors import DataError
from pipeline.audio.delivery import declaration, encode_clip
from pipeline.audio.files import decode_audio, resample
from pipeline.export.clips import Clip


def as_wav(clip: Clip, sample_rate: int | None = None) -> bytes:
    """The clip as a WAV file, at `sample_rate` Hz where one is given.

    Clips of 16 bit that keep their rate keep every sample. Raises `DataError` naming the row.
    """
    try:
        wave, own_rate = decode_audio(clip.sound)
    except DataError as error:
        raise DataError(f"row {clip.id}: {error}") from None
    rate = sample_rate or own_rate
    if clip.suffix == ".wav" and rate == own_rate:
        return clip.sound
    said = declaration(clip.is_recorded)
    return encode_clip(resample(wave, own_rate, rate), rate, "wav", clip.id, said)
