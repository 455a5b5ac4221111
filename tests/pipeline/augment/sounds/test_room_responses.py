import numpy as np
import pytest

from pipeline.augment.sounds.room_responses import convolve, direct_sample, rt60_s

RATE = 22050


def ringing(rt60: float, duration_s: float, floor: float = 0.0) -> np.ndarray:
    """Noise whose level falls by 60 dB in `rt60` seconds, over a steady noise floor."""
    rng = np.random.default_rng(0)
    time = np.arange(round(duration_s * RATE)) / RATE
    decay = rng.standard_normal(len(time)) * 10 ** (-3 * time / rt60)
    return (0.2 * decay + 0.2 * floor * rng.standard_normal(len(time))).astype(np.float32)


def words(duration_s: float = 2.0) -> np.ndarray:
    """Bursts of noise with pauses between them: as loud and as interrupted as speech."""
    noise = np.random.default_rng(1).standard_normal(round(duration_s * RATE))
    gate = (np.arange(len(noise)) // (RATE // 4)) % 2
    return (0.1 * noise * gate).astype(np.float32)


@pytest.mark.parametrize("floor", [0.0, 1e-3])
@pytest.mark.parametrize("rt60", [0.2, 0.5, 1.5])
def test_rt60_is_that_of_the_decay_with_or_without_a_noise_floor(rt60, floor):
    assert rt60_s(ringing(rt60, 2 * rt60, floor), RATE) == pytest.approx(rt60, rel=0.05)


@pytest.mark.parametrize("response", [np.ones(1), np.zeros(500), ringing(60.0, 0.2)])
def test_a_response_without_decay_has_no_rt60(response):
    assert rt60_s(response.astype(np.float32), RATE) is None


def test_the_direct_sound_comes_before_a_louder_reflection():
    response = np.zeros(400, np.float32)
    response[50], response[120] = 0.7, -1.0
    assert direct_sample(response) == 50


@pytest.mark.parametrize("delay", [0, 55, 3000])
def test_words_stay_where_they_were_whatever_the_delay_of_the_room(delay):
    click = np.zeros(RATE, np.float32)
    click[5000] = 0.5
    response = np.concatenate([np.zeros(delay), [1.0], 0.1 * ringing(0.3, 0.3)])
    wet = convolve(click, response.astype(np.float32), direct_sample(response))
    assert len(wet) == len(click)
    assert wet.dtype == np.float32
    assert np.argmax(np.abs(wet)) == 5000
    assert np.abs(wet[:4999]).max() < 1e-6
    assert np.abs(wet[5001:8000]).max() > 1e-3


def test_a_response_longer_or_shorter_than_the_speech_is_no_trouble():
    wave = words()[:1000]
    assert len(convolve(wave, ringing(1.0, 1.0), 0)) == 1000
    late = np.zeros(400, np.float32)
    late[399] = 1.0
    np.testing.assert_allclose(convolve(wave, late, direct_sample(late)), wave, atol=1e-6)


def test_silence_stays_silence():
    assert not convolve(np.zeros(1000, np.float32), ringing(0.3, 0.3), 0).any()
