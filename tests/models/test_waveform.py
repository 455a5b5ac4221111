import numpy as np
import pytest
from scipy import signal

from models.waveform import audible, channels_cancel, mono, peak_db

RATE = 22050
TIME_S = np.arange(RATE) / RATE


def _tone(frequency_hz: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * frequency_hz * TIME_S)).astype(np.float32)


@pytest.mark.parametrize("frequency_hz", [60.0, 100.0, 1000.0, 8000.0])
def test_what_is_heard_stays_in_its_time(frequency_hz: float) -> None:
    wave = _tone(frequency_hz)
    assert np.abs(audible(wave, RATE) - wave)[2000:-2000].max() < 0.002


@pytest.mark.parametrize("inaudible", [np.full(RATE, 0.4), 3 * _tone(2.0), 3 * _tone(8.0)])
def test_offset_and_rumble_go_also_at_the_edges(inaudible: np.ndarray) -> None:
    assert peak_db(audible(inaudible, RATE)) < -50
    both = audible(inaudible + _tone(200.0), RATE)
    assert np.abs(both - _tone(200.0))[2000:-2000].max() < 0.005


@pytest.mark.parametrize("num_samples", [0, 1, 2, 50])
def test_short_waves_are_filtered_too(num_samples: int) -> None:
    result = audible(np.ones(num_samples), RATE)
    assert result.shape == (num_samples,)
    assert not result.size or np.abs(result).max() < 1e-3


@pytest.mark.parametrize("num_samples", [2, 30, 2206, 9000])
def test_the_filter_is_that_of_scipy(num_samples: int) -> None:
    wave = np.random.default_rng(0).standard_normal(num_samples).astype(np.float32)
    sections = signal.butter(4, 20.0, "highpass", fs=RATE, output="sos")
    edge = min(num_samples - 1, RATE // 10)
    theirs = signal.sosfiltfilt(sections, wave.astype(np.float64), padlen=edge)
    np.testing.assert_array_equal(audible(wave, RATE), theirs.astype(np.float32))


def test_opposite_channels_are_told_from_unlike_ones() -> None:
    rng = np.random.default_rng(0)
    wave = _tone(200.0)
    opposite = np.stack([wave + 0.2, 0.2 - 0.9 * wave], axis=1)
    assert channels_cancel(opposite)
    np.testing.assert_allclose(mono(opposite), wave + 0.2, atol=1e-6)
    for others in (
        np.stack([wave, wave], axis=1),
        np.stack([wave, 0 * wave], axis=1),
        rng.standard_normal((RATE, 2)),
        rng.standard_normal((RATE, 8)),
        np.zeros((RATE, 2)),
        wave[:, None],
    ):
        assert not channels_cancel(others)
        np.testing.assert_allclose(mono(others), others.mean(axis=1), atol=1e-6)
