"""Codecs keep time and length, lose what they must, and more of it at fewer bits."""

import numpy as np
import pytest

from pipeline.audio.files import rms_db
from pipeline.augment.links.codec import CODECS, through_codec
from tests.pipeline.augment.links.every_link import words

RATE = 22050


def delay(result: np.ndarray, wave: np.ndarray) -> int:
    """The shift in samples at which both are most alike."""
    size = 2 * len(wave)
    alike = np.fft.irfft(np.fft.rfft(result, size) * np.conj(np.fft.rfft(wave, size)))
    shift = int(np.argmax(alike))
    return shift if shift < len(wave) else shift - size


def distortion_db(result: np.ndarray, wave: np.ndarray) -> float:
    return rms_db(result - wave) - rms_db(wave)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("bit_rate_kbps", [8.0, 32.0])
def test_words_stay_where_they_were(codec, rate, bit_rate_kbps):
    wave = words(0.7, rate=rate)
    result = through_codec(wave, rate, codec, bit_rate_kbps)
    assert len(result) == len(wave)
    assert abs(delay(result, wave)) <= 0.001 * rate
    assert -60 < distortion_db(result, wave) < 0


@pytest.mark.parametrize("codec", ["mp3", "opus"])
def test_more_bits_are_nearer_to_the_original(codec):
    wave = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    few, some, many = (
        distortion_db(through_codec(wave, RATE, codec, kbps), wave) for kbps in (8.0, 32.0, 128.0)
    )
    assert few > some + 1 > many + 4


@pytest.mark.parametrize("codec", ["mu_law", "a_law", "gsm", "adpcm"])
def test_telephone_codecs_pass_nothing_above_4_khz(codec):
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(through_codec(noise, RATE, codec))) ** 2
    high = spectrum[4200:].sum() / spectrum.sum()
    assert high < 0.001


@pytest.mark.parametrize("codec", CODECS)
def test_what_passes_full_scale_is_not_clipped(codec):
    wave = 3 * words(0.5, rate=RATE)
    quiet = wave / np.float32(np.abs(wave).max() / 0.99)
    scale = np.abs(wave).max() / 0.99
    loud_result, result = through_codec(wave, RATE, codec), through_codec(quiet, RATE, codec)
    np.testing.assert_allclose(loud_result, scale * result, atol=1e-3)


def test_silence_and_a_single_sample_pass():
    assert not through_codec(np.zeros(100, np.float32), RATE, "mp3").any()
    for codec in CODECS:
        assert through_codec(np.full(1, 0.5, np.float32), RATE, codec).shape == (1,)
