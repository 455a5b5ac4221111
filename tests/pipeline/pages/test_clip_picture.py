"""A clip's picture shows when it is loud, and at which frequencies."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.pages.clip_picture import SPECTRUM_HEIGHT, WAVE_HEIGHT, WIDTH, clip_picture, levels


def tone(frequency_hz: float, num_samples: int = 16000) -> np.ndarray:
    time_s = np.arange(num_samples) / 16000
    return np.sin(2 * np.pi * frequency_hz * time_s).astype(np.float32)


def pixels(wave: np.ndarray) -> np.ndarray:
    image = Image.open(io.BytesIO(clip_picture(wave, 16000).webp))
    return np.asarray(image.convert("L")).astype(float)


def test_a_tone_lights_up_at_its_frequency() -> None:
    level, top_khz = levels(tone(6000), 16000)
    assert top_khz == pytest.approx(8.0)
    brightest = level[:, level.shape[1] // 2].argmax() / level.shape[0]
    assert brightest == pytest.approx(1 - 6 / 8, abs=0.02)
    column = pixels(tone(6000))[WAVE_HEIGHT:, WIDTH // 2]
    assert column.argmax() / SPECTRUM_HEIGHT == pytest.approx(1 - 6 / 8, abs=0.04)


def test_the_wave_is_wide_where_it_is_loud() -> None:
    wave = tone(300)
    wave[:8000] *= 0.05
    drawn = pixels(wave)[:WAVE_HEIGHT] > 100
    heights = drawn.sum(axis=0)
    assert heights[: WIDTH // 2 - 5].max() < 8
    assert heights[WIDTH // 2 + 5 :].min() > 20


@pytest.mark.parametrize("num_samples", [1, 10, 599, 601, 200_000])
def test_every_length_has_a_picture_of_one_size(num_samples: int) -> None:
    for wave in (tone(440, num_samples), np.zeros(num_samples, np.float32)):
        assert pixels(wave).shape == (WAVE_HEIGHT + SPECTRUM_HEIGHT, WIDTH)


def test_it_does_not_go_above_half_the_sample_rate() -> None:
    assert clip_picture(tone(440), 8000).top_khz == pytest.approx(4.0)
