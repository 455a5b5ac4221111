"""Links that encode and decode the sound: codecs of telephones and messengers."""

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipeline.audio.files import resample
from pipeline.augment.links.link import AuditShape, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.links.spectrum import run_transform
from pipeline.distributions import Choice, Distribution, only, within

CODECS = ("mu_law", "a_law", "gsm", "adpcm", "mp3", "opus", "vorbis")
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
# MPEG-1 above 24 kHz, MPEG-2 up to it.
_MP3_HALF_RATE = 24_000
_MP3_KBPS: tuple[int, ...] = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBPS_HALF: tuple[int, ...] = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MP3_SHORTEST_S = 0.2  # the encoder refuses less than half of it
_OPUS_KBPS = (6.0, 256.0)
_TELEPHONE_RATE = 8000
_TELEPHONE_SUBTYPES = {"mu_law": "ULAW", "a_law": "ALAW", "gsm": "GSM610", "adpcm": "IMA_ADPCM"}


@dataclass(frozen=True, kw_only=True)
class Codec(Link, licence="none", audit=AuditShape()):
    """Packed by `codec` and unpacked: G.711 (`mu_law`, `a_law`), `gsm` (06.10), `adpcm` (IMA), all
    four at 8 kHz, or `mp3`, `opus`, `vorbis`.

    `bit_rate_kbps` is for mp3, which takes the nearest it knows (8 to 160; above 24 kHz 32 to 320),
    and opus (6 to 256).
    """

    link: Literal["codec"] = "codec"
    codec: Choice = Choice(choice={"mp3": 1.0, "opus": 1.0, "mu_law": 1.0, "a_law": 1.0})
    bit_rate_kbps: Distribution = Distribution(low=8.0, high=64.0, scale="log")

    def __post_init__(self) -> None:
        super().__post_init__()
        only(self.codec, CODECS, "codec")
        within(self.bit_rate_kbps, 6, 320, "bit_rate_kbps")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, codec: str, bit_rate_kbps: float) -> Signal:
        return signal.each(
            lambda wave: through_codec(wave, signal.sample_rate, codec, bit_rate_kbps)
        )


def through_codec(
    wave: np.ndarray, sample_rate: int, codec: str, bit_rate_kbps: float = 32.0
) -> np.ndarray:
    """`wave` (S,) packed and unpacked: as long, and in time with itself.

    What would pass full scale is packed softer and made as loud again.
    """
    if not np.any(wave):
        return wave.copy()
    loudness = np.float32(max(1.0, float(np.abs(wave).max()) / 0.99))
    rate = _rate_of(codec, sample_rate)
    packed = resample(wave / loudness, sample_rate, rate)
    if codec == "mp3":
        decoded = _through_mp3(packed, rate, bit_rate_kbps)
    elif codec == "opus":
        lowest, highest = _OPUS_KBPS
        kbps = min(max(bit_rate_kbps, lowest), highest)
        level = min((highest - kbps) / (highest - lowest), 0.999)
        decoded = _through_file(packed, rate, "OGG", "OPUS", compression_level=level)
    elif codec == "vorbis":
        decoded = _through_file(packed, rate, "OGG", "VORBIS")
    else:
        decoded = _through_file(packed, rate, "WAV", _TELEPHONE_SUBTYPES[codec])
    decoded = resample(_as_long(decoded, len(packed)), rate, sample_rate)
    return _as_long(decoded, len(wave)) * loudness


def _rate_of(codec: str, sample_rate: int) -> int:
    if codec in _TELEPHONE_SUBTYPES:
        return _TELEPHONE_RATE
    rates = {"mp3": _MP3_RATES, "opus": _OPUS_RATES}.get(codec, (sample_rate,))
    return next((rate for rate in rates if rate >= sample_rate), rates[-1])


def _through_mp3(wave: np.ndarray, sample_rate: int, bit_rate_kbps: float) -> np.ndarray:
    import audiomentations

    known = _MP3_KBPS if sample_rate > _MP3_HALF_RATE else _MP3_KBPS_HALF
    kbps = min(known, key=lambda kbps: abs(kbps - bit_rate_kbps))
    padded = _as_long(wave, max(len(wave), round(_MP3_SHORTEST_S * sample_rate)))
    transform = audiomentations.Mp3Compression(backend="fast-mp3-augment")
    return run_transform(transform, padded, sample_rate, bitrate=kbps)


def _through_file(
    wave: np.ndarray, sample_rate: int, kind: str, subtype: str, **settings: Any
) -> np.ndarray:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, wave, sample_rate, format=kind, subtype=subtype, **settings)
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return np.asarray(decoded, dtype=np.float32)


def _as_long(wave: np.ndarray, num_samples: int) -> np.ndarray:
    return np.pad(wave, (0, max(0, num_samples - len(wave))))[:num_samples]
