"""Metrics on signals whose distance is known."""

from importlib.util import find_spec

import numpy as np
import pytest

from models.evaluation.metrics import (
    cepstral_distortion_db,
    mel_cepstra,
    mel_l1,
    pesq_wideband,
    pitch_error,
    pitch_range,
    stft_distance,
    warped_distortion_db,
)
from models.mel import MelConfig
from models.training.measured import pitch_of
from tests.models.evaluation.conftest import SAMPLE_RATE, babble

MEL = MelConfig()


def tone(pitch_hz: float, seconds: float = 0.6) -> np.ndarray:
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    partials = sum(np.sin(2 * np.pi * pitch_hz * k * times) / k for k in range(1, 10))
    return (0.1 * partials).astype(np.float32)


def distortion(ours: np.ndarray, theirs: np.ndarray, mel: MelConfig = MEL) -> float:
    return cepstral_distortion_db(mel_cepstra(ours, mel), mel_cepstra(theirs, mel))


def test_everything_is_zero_for_the_same() -> None:
    wave, mel = babble(0), np.random.default_rng(0).standard_normal((MEL.n_mels, 30))
    cepstra = mel_cepstra(mel, MEL)
    assert mel_l1(mel, mel) == 0
    assert distortion(mel, mel) == 0
    assert warped_distortion_db(cepstra, cepstra) == pytest.approx(0, abs=1e-5)
    assert stft_distance(wave, wave) == 0
    assert pitch_error(pitch_of(wave, MEL), pitch_of(wave, MEL)) == (0, 0)


def test_distances_grow_with_noise() -> None:
    rng = np.random.default_rng(0)
    mel, noise = rng.standard_normal((2, MEL.n_mels, 50))
    hiss = rng.standard_normal(len(babble(0))).astype(np.float32)
    levels = (0.1, 0.3, 1.0)
    for distances in (
        [mel_l1(mel, mel + level * noise) for level in levels],
        [distortion(mel, mel + level * noise) for level in levels],
        [stft_distance(babble(0), babble(0) + 0.1 * level * hiss) for level in levels],
    ):
        assert distances == sorted(set(distances))
        assert distances[0] > 0


def test_cepstral_distortion_is_that_of_its_definition() -> None:
    indices = (np.arange(MEL.n_mels) + 0.5) / MEL.n_mels
    ripple = 0.5 * np.cos(3 * np.pi * indices)[:, None].repeat(7, axis=1)
    expected = 10 / np.log(10) * np.sqrt(2) * 0.5
    assert distortion(ripple, 0 * ripple) == pytest.approx(expected)


@pytest.mark.parametrize(("log", "per_neper"), [("log10", 1 / np.log(10)), ("db", 20 / np.log(10))])
def test_cepstral_distortion_does_not_depend_on_the_logarithm(log: str, per_neper: float) -> None:
    mel, other = np.random.default_rng(0).standard_normal((2, MEL.n_mels, 9))
    scaled = MelConfig(log=log)
    assert distortion(per_neper * mel, per_neper * other, scaled) == pytest.approx(
        distortion(mel, other)
    )


def test_cepstral_distortion_leaves_level_and_fine_detail_out() -> None:
    indices = (np.arange(MEL.n_mels) + 0.5) / MEL.n_mels
    louder = np.full((MEL.n_mels, 4), 2.0) + np.cos(20 * np.pi * indices)[:, None]
    assert distortion(louder, 0 * louder) == pytest.approx(0, abs=1e-9)


def test_warping_forgives_pace_alone() -> None:
    cepstra = np.random.default_rng(0).standard_normal((13, 12)).cumsum(axis=1)
    slower = cepstra[:, np.repeat(np.arange(12), np.random.default_rng(1).integers(1, 4, 12))]
    assert warped_distortion_db(slower, cepstra) == pytest.approx(0, abs=1e-5)
    assert warped_distortion_db(slower + 0.1, cepstra) > 0.1


def test_warped_path_is_the_cheapest() -> None:
    rng = np.random.default_rng(2)
    ours, theirs = rng.standard_normal((13, 9)), rng.standard_normal((13, 6))
    costs = [[cepstral_distortion_db(a[:, None], b[:, None]) for b in theirs.T] for a in ours.T]
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for i, row in enumerate(costs):
        for j, cost in enumerate(row):
            before = [best[way] for way in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if way in best]
            total, steps = min(before, default=(0.0, 0))
            best[i, j] = total + cost, steps + 1
    total, steps = best[8, 5]
    assert warped_distortion_db(ours, theirs) == pytest.approx(total / steps)


def test_shifted_pitch_is_measured_in_cents() -> None:
    low, high = pitch_of(tone(200.0), MEL), pitch_of(tone(200.0 * 2 ** (50 / 1200)), MEL)
    error = pitch_error(high, low)
    assert error.cents == pytest.approx(50, abs=2)
    assert error.voicing < 0.1
    assert pitch_range(high).level - pitch_range(low).level == pytest.approx(0.5, abs=0.02)


def test_noise_in_place_of_a_voice_is_a_voicing_error() -> None:
    voiced = pitch_of(tone(150.0), MEL)
    hiss = np.random.default_rng(0).standard_normal(round(0.6 * SAMPLE_RATE)) * 0.1
    error = pitch_error(pitch_of(hiss.astype(np.float32), MEL), voiced)
    assert error.voicing > 0.8
    nothing = pitch_error(np.zeros(5), np.full(5, 100.0))
    assert nothing.voicing == 1
    assert np.isnan(nothing.cents)
    assert np.isnan(pitch_range(np.zeros(5))).all()


def test_spread_is_that_of_the_intonation() -> None:
    steady, lively = pitch_of(tone(150.0), MEL), 150 * 2 ** (np.linspace(-6, 6, 101) / 12)
    assert pitch_range(steady).spread < 0.1
    assert pitch_range(lively).spread == pytest.approx(0.8 * 12, abs=0.1)


def test_opinion_falls_with_noise_and_is_nan_without_speech() -> None:
    if find_spec("pesq") is None:
        pytest.skip("pesq is not installed: pip install -e '.[bench]'")
    wave = babble(0, 1.5)
    hiss = 0.03 * np.random.default_rng(0).standard_normal(len(wave)).astype(np.float32)
    assert pesq_wideband(wave, wave, SAMPLE_RATE) > 4.5
    assert pesq_wideband(wave, wave + hiss, SAMPLE_RATE) < 3
    assert np.isnan(pesq_wideband(0 * wave, wave, SAMPLE_RATE))
