"""A clip's audio as browsers play it: its media type, and a smaller copy where bytes are scarce."""

import io
from typing import NamedTuple

import numpy as np

from pipeline.audio.files import decode_audio, encode_flac

_MARKS = (
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"RIFF", "audio/wav"),
)
_SHORTEST_S = 0.5
_COMPRESSION = 0.7  # of MP3, 0 to 1


class Playable(NamedTuple):
    """Audio that fits; `seconds` of it are there, which may be fewer than the clip has."""

    data: bytes
    media_type: str
    seconds: float
    is_as_shipped: bool


def media_type(data: bytes) -> str:
    """What a sound file's first bytes say that it is."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), "audio/mpeg")


def playable(data: bytes, max_bytes: int) -> Playable:
    """A sound file in at most about `max_bytes`: as it is; else as MP3; else its beginning.

    Half a second is always kept. Raises `DataError` when the bytes are not audio.
    """
    wave, sample_rate = decode_audio(data)
    seconds = len(wave) / sample_rate
    if len(data) <= max_bytes:
        return Playable(data, media_type(data), seconds, True)
    encoded = _mp3(wave, sample_rate)
    while len(encoded) > max_bytes and seconds > _SHORTEST_S:
        seconds = max(_SHORTEST_S, min(0.95, max_bytes / len(encoded)) * seconds)
        encoded = _mp3(wave[: round(seconds * sample_rate)], sample_rate)
    return Playable(encoded, media_type(encoded), seconds, False)


def _mp3(wave: np.ndarray, sample_rate: int) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    try:
        soundfile.write(buffer, wave, sample_rate, format="MP3", compression_level=_COMPRESSION)
    except soundfile.LibsndfileError:  # a rate that MP3 has not
        return encode_flac(wave, sample_rate)
    return buffer.getvalue()
