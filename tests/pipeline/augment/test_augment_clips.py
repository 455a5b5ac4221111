"""What is measured on the final clip."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.audio.files import decode_audio, pcm16
from pipeline.audio.loudness import loudness_lufs
from pipeline.augment.augment_clips import augment_clips, measure_quality, silence_fraction
from pipeline.augment.config import AugmentConfig
from pipeline.distributions import Range
from pipeline.records import FinishedClip, JudgedClip, MelClip, Performance
from tests.pipeline.synthetic_build import judged_clip

RATE = 22050
UNTOUCHED = AugmentConfig()


def _tone(seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 997 * times)).astype(np.float32)


def _clip(wave: np.ndarray) -> JudgedClip:
    performance = Performance("anna", 1.0, 0.0, 1.0, (), "fs@0")
    judged = judged_clip(MelClip("a", performance, np.zeros((1, 1), np.float16)))
    clean = replace(judged.clean, num_samples=len(wave), sample_rate=RATE)
    return replace(judged, clean=replace(clean, pcm=pcm16(wave).tobytes()))


def _finish(wave: np.ndarray, augment: AugmentConfig = UNTOUCHED) -> FinishedClip:
    return next(augment_clips([_clip(wave)], augment, seed=1))


def test_a_clip_without_augmentation_stays_as_it_is() -> None:
    finished = _finish(_tone())
    assert (finished.id, finished.sample_rate, finished.num_samples) == ("a", RATE, RATE)
    np.testing.assert_allclose(decode_audio(finished.audio)[0], _tone(), atol=1e-4)
    assert (finished.noise.noise_class, finished.room.source) == ("none", "")


def test_gain_is_applied_and_measured() -> None:
    finished = _finish(_tone(), AugmentConfig(gain_db=Range(-6.0, -6.0)))
    change = finished.quality.loudness_lufs - loudness_lufs(_tone(), RATE)
    assert finished.channel.gain_db == -6.0
    assert change == pytest.approx(-6.0, abs=0.1)


def test_silence_fraction_counts_quiet_frames() -> None:
    half = np.concatenate([_tone(), np.zeros(RATE, dtype=np.float32)])
    assert silence_fraction(half, RATE) == pytest.approx(0.5, abs=0.02)
    assert silence_fraction(_tone(), RATE) == 0.0
    assert silence_fraction(np.zeros(RATE, dtype=np.float32), RATE) == 1.0


def test_clipped_samples_are_counted() -> None:
    wave = np.zeros(RATE, dtype=np.float32)
    wave[: RATE // 10] = 1.0
    assert measure_quality(wave, RATE).clipped_fraction == pytest.approx(0.1)


def test_silence_under_an_offset_is_silence() -> None:
    half = np.concatenate([_tone(), np.zeros(RATE, dtype=np.float32)])
    assert silence_fraction(half + 0.3, RATE) == pytest.approx(
        silence_fraction(half, RATE), abs=0.03
    )
    assert silence_fraction(np.full(RATE, 0.3), RATE) == 1.0
