"""Delivery format of a clip: sample rate, loudness, codec, and the file's own metadata.

The sample rate comes before augmentation, so that the clean clip of a row is what its
augmentation log starts from; loudness and codec come last.
"""

import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from models.errors import ConfigError
from pipeline.audio.files import decode_audio, pcm16, resample
from pipeline.audio.loudness import gain_to_db
from pipeline.audio.ogg import with_serial

Codec = Literal["flac", "wav", "opus", "mp3"]
SAMPLE_RATES = (8000, 16000, 22050, 24000, 48000)
DECLARATION = "synthetic speech, made by Voxloom"
OF_RECORDINGS = "recorded speech, processed by Voxloom"
NOISE_DECLARATION = "the noise of a clip of synthetic speech, made by Voxloom"
_SOFTEST_LUFS, _LOUDEST_LUFS = -60.0, -5.0
_FORMATS: Mapping[str, tuple[str, str]] = {  # as libsndfile calls them
    "flac": ("FLAC", "PCM_16"),
    "wav": ("WAV", "PCM_16"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
_LOSSLESS = ("flac", "wav")
_BEGINNINGS = {b"fLaC": "flac", b"RIFF": "wav", b"OggS": "opus"}


@dataclass(frozen=True)
class Delivery:
    """How clips are shipped. `sample_rate` in Hz, None for the voice's own; `loudness_lufs` is
    the integrated loudness by ITU-R BS.1770 that all get, as far as a true peak of -1 dB allows,
    None for as loud as they come.
    """

    sample_rate: int | None = None
    codec: Codec = "flac"
    loudness_lufs: float | None = None

    def __post_init__(self) -> None:
        if self.sample_rate not in (None, *SAMPLE_RATES):
            allowed = ", ".join(map(str, SAMPLE_RATES))
            raise ValueError(
                f"sample_rate: {self.sample_rate} Hz; allowed: {allowed}, or null for the voice's"
            )
        loudness = self.loudness_lufs
        if loudness is not None and not _SOFTEST_LUFS <= loudness <= _LOUDEST_LUFS:
            raise ValueError(
                f"loudness_lufs: {loudness:g}; {_SOFTEST_LUFS:g} to {_LOUDEST_LUFS:g} is allowed, "
                "or null for as loud as clips come"
            )

    @property
    def of_silence(self) -> "Delivery":
        """That of a clip without speech: its loudness is not changed."""
        return replace(self, loudness_lufs=None)


def check_delivery(delivery: Delivery, voice_rate: int) -> None:
    """Raise `ConfigError` for a codec that cannot be written here, or not at the sample rate.

    `voice_rate` in Hz is that of the voice, for a `delivery` that keeps it.
    """
    import soundfile

    sample_rate = delivery.sample_rate or voice_rate
    try:
        encode_clip(np.zeros(sample_rate // 10, np.float32), sample_rate, delivery.codec, "check")
    except (soundfile.SoundFileError, ValueError) as error:
        raise ConfigError(
            f"output.codec: {delivery.codec} cannot be written at {sample_rate} Hz ({error}); set "
            "output.sample_rate, or another codec"
        ) from None


def at_rate(wave: np.ndarray, own_rate: int, sample_rate: int) -> np.ndarray:
    """The clean clip `wave` (S,) at `sample_rate` Hz, in steps of 16 bit, so that FLAC keeps it
    exactly. One that has this rate already is given back as it is.
    """
    if own_rate == sample_rate:
        return wave
    return in_16_bits(resample(wave, own_rate, sample_rate))


@dataclass(frozen=True, slots=True)
class Shipped:
    """A clip as a file, what a reader decodes of it (S,), and the gain in dB that made it as loud
    as asked."""

    audio: bytes
    wave: np.ndarray
    gain_db: float


def declaration(is_recorded: bool) -> str:
    """What the file of a clip says of its speech."""
    return OF_RECORDINGS if is_recorded else DECLARATION


def ship(
    wave: np.ndarray,
    sample_rate: int,
    delivery: Delivery,
    title: str,
    is_recorded: bool = False,
) -> Shipped:
    """The finished clip `wave` (S,) as `delivery` wants it. Pure: the same gives the same bytes."""
    target = delivery.loudness_lufs
    gain_db = 0.0 if target is None else gain_to_db(wave, sample_rate, target)
    louder = amplified(wave, gain_db)
    audio = encode_clip(louder, sample_rate, delivery.codec, title, declaration(is_recorded))
    exact = delivery.codec in _LOSSLESS
    return Shipped(audio, in_16_bits(louder) if exact else decode_audio(audio)[0], gain_db)


def in_16_bits(wave: np.ndarray) -> np.ndarray:
    """`wave` (S,) as it comes out of a file of 16 bit that loses nothing."""
    return pcm16(wave).astype(np.float32) / 32768


def amplified(wave: np.ndarray, gain_db: float) -> np.ndarray:
    """`wave` (S,) times a gain in dB; as it is for 0."""
    return wave * np.float32(10 ** (gain_db / 20)) if gain_db else wave


def encode_clip(
    wave: np.ndarray, sample_rate: int, codec: Codec, title: str, declaration: str = DECLARATION
) -> bytes:
    """`wave` (S,) in [-1, 1] as a sound file of 16 bit that says what it is.

    Title and declaration are the file's own metadata: comments of FLAC and Ogg, ID3 of MP3, INFO
    of WAV. The same arguments give the same bytes. Raises `ValueError` as `pcm16` does.
    """
    import soundfile

    container, subtype = _FORMATS[codec]
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", samplerate=sample_rate, channels=1, format=container, subtype=subtype
    ) as file:
        file.title, file.comment = title, declaration
        file.write(pcm16(wave))
    data = buffer.getvalue()
    return with_serial(data, zlib.crc32(title.encode())) if container == "OGG" else data


def codec_of(audio: bytes) -> str:
    """Which of the codecs wrote `audio`, by how it begins."""
    return _BEGINNINGS.get(bytes(audio[:4]), "mp3")


def suffix_of(audio: bytes) -> str:
    """The suffix that belongs to the file `audio`: .flac, .wav, .opus or .mp3."""
    return f".{codec_of(audio)}"
