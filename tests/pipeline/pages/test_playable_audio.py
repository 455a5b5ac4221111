"""Audio for pages: as it is where it fits, smaller where it does not."""

import numpy as np
import pytest

from models.errors import DataError
from pipeline.audio.files import decode_audio, encode_flac
from pipeline.pages.playable_audio import media_type, playable

NOISE = np.random.default_rng(1).uniform(-0.3, 0.3, 3 * 22050).astype(np.float32)
FLAC = encode_flac(NOISE, 22050)


def test_what_fits_is_left_alone() -> None:
    kept = playable(FLAC, len(FLAC))
    assert (kept.data, kept.media_type, kept.is_as_shipped) == (FLAC, "audio/flac", True)
    assert kept.seconds == pytest.approx(3.0)


def test_what_does_not_fit_is_mp3() -> None:
    smaller = playable(FLAC, len(FLAC) // 3)
    assert len(smaller.data) <= len(FLAC) // 3
    assert (smaller.media_type, smaller.is_as_shipped) == ("audio/mpeg", False)
    wave, sample_rate = decode_audio(smaller.data)
    assert smaller.seconds == pytest.approx(3.0)
    assert len(wave) / sample_rate == pytest.approx(3.0, abs=0.1)


def test_what_is_still_too_large_ends_early() -> None:
    shorter = playable(FLAC, 6_000)
    assert len(shorter.data) <= 6_000
    wave, sample_rate = decode_audio(shorter.data)
    assert 0.5 <= shorter.seconds < 2.9
    assert len(wave) / sample_rate == pytest.approx(shorter.seconds, abs=0.1)
    assert playable(FLAC, 10).seconds == 0.5


def test_a_rate_without_mp3_is_still_played() -> None:
    odd = encode_flac(NOISE, 15000)
    cut = playable(odd, len(odd) // 2)
    assert media_type(cut.data) == cut.media_type == "audio/flac"
    assert len(cut.data) <= len(odd) // 2


def test_what_is_no_audio_is_told() -> None:
    with pytest.raises(DataError):
        playable(b"no audio", 100)


def test_media_types_come_from_the_first_bytes() -> None:
    assert media_type(b"OggS....") == "audio/ogg"
    assert media_type(b"RIFF....") == "audio/wav"
    assert media_type(b"\xff\xfb....") == "audio/mpeg"
