"""Loudness and true peaks of tones whose figures are known."""

import math

import numpy as np
import pytest

from pipeline.audio.loudness import gain_to_db, loudness_lufs, true_peak_db

RATE = 22050


def _tone(seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 997 * times)).astype(np.float32)


def test_loudness_of_the_standard_s_reference_tone() -> None:
    """A 997 Hz sine at full scale in one channel is -3.01 LUFS (ITU-R BS.1770-4, section 2.8)."""
    assert loudness_lufs(_tone(3.0, level=1.0), RATE) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("seconds", [0.05, 0.39, 0.4, 0.41])
def test_a_short_clip_has_a_loudness(seconds: float) -> None:
    assert -40 < loudness_lufs(_tone(seconds), RATE) < 0


def test_silence_has_the_lowest_loudness_no_peak_and_no_gain() -> None:
    silence = np.zeros(RATE, dtype=np.float32)
    assert loudness_lufs(silence, RATE) == -70.0
    assert true_peak_db(silence, RATE) == -math.inf
    assert gain_to_db(silence, RATE, -23.0) == 0.0


def test_a_peak_between_samples_is_found() -> None:
    """A quarter of the sample rate, sampled at 45 degrees: every sample 3.01 dB below the peak."""
    wave = np.sin(np.pi / 2 * np.arange(8000) + np.pi / 4).astype(np.float32)
    wave *= np.hanning(len(wave)).astype(np.float32)
    assert 20 * math.log10(np.abs(wave).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_db(wave, 16000) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("level", [0.001, 0.1])
def test_offset_and_rumble_are_not_loud(level: float) -> None:
    tone, times = _tone(3.0, level), np.arange(3 * RATE) / RATE
    expected = loudness_lufs(tone, RATE)
    for inaudible in (0.3, 0.5 * np.sin(2 * np.pi * 4 * times)):
        assert loudness_lufs(tone + inaudible, RATE) == pytest.approx(expected, abs=0.1)
    assert loudness_lufs(np.full(RATE, 0.3), RATE) == -70.0
