from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError
from models.training.noisy_speech import NoisyConfig, NoisySpeech, add_noise, in_room

RATE = 22050


def _wave(seed: int, length: int = RATE) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)


def test_noise_lies_as_far_below_the_speech_as_asked() -> None:
    wave, noise = _wave(0), 7 * _wave(1)
    added = add_noise(wave, noise, 12.0) - wave
    snr_db = 20 * np.log10(np.sqrt((wave**2).mean()) / np.sqrt((added**2).mean()))
    assert snr_db == pytest.approx(12.0, abs=0.01)


def test_a_room_keeps_time_and_level() -> None:
    response = np.zeros(1000, np.float32)
    response[[50, 400]] = 0.5, 0.1
    click = np.zeros(RATE, np.float32)
    click[5000] = 0.9
    wet = in_room(click, response)
    assert int(np.abs(wet).argmax()) == 5000
    assert wet[5350] == pytest.approx(wet[5000] / 5, rel=1e-3)
    assert np.sqrt((wet**2).mean()) == pytest.approx(np.sqrt((click**2).mean()), rel=1e-3)


def test_the_same_seed_makes_it_noisy_in_the_same_way() -> None:
    config = NoisyConfig(room_share=1.0, noise_share=1.0)
    make, wave = NoisySpeech(config, RATE), _wave(0)
    one, again, other = (make(wave, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.shape == wave.shape
    assert one.dtype == np.float32


def test_nothing_is_added_at_shares_of_zero() -> None:
    config = NoisyConfig(room_share=0.0, noise_share=0.0, gain_db=(0.0, 0.0))
    assert np.array_equal(NoisySpeech(config, RATE)(_wave(0), np.random.default_rng(0)), _wave(0))


def test_impossible_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^snr_db: lowest first"):
        NoisyConfig(snr_db=(20.0, 10.0))
    with pytest.raises(ValueError, match=r"^room_share: between 0 and 1"):
        NoisyConfig(room_share=1.5)
    with pytest.raises(ConfigError, match=r"augment\.noise: .* holds no"):
        NoisySpeech(NoisyConfig(noise=tmp_path), RATE)
