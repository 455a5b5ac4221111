import numpy as np
import pytest

from models.acoustic.vocal_tract import scale_vocal_tract
from models.mel import MelConfig, band_centers_hz

CONFIG = MelConfig()
CENTERS_HZ = band_centers_hz(CONFIG)


def _resonance(hz: float) -> np.ndarray:
    """A log-mel (80, 3) with one peak."""
    octaves = np.log2(np.maximum(CENTERS_HZ, 1.0) / hz)
    return np.tile((-8 * octaves**2)[:, None], (1, 3)).astype(np.float32)


@pytest.mark.parametrize("hz", [700.0, 1800.0, 3000.0])
@pytest.mark.parametrize("length", [0.85, 1.1, 1.25])
def test_a_longer_tract_has_lower_resonances(hz: float, length: float) -> None:
    moved = scale_vocal_tract(_resonance(hz), length, CONFIG)
    peak_hz = CENTERS_HZ[int(moved[:, 0].argmax())]
    assert peak_hz == pytest.approx(hz / length, rel=0.06)


def test_the_speaker_s_own_length_changes_nothing() -> None:
    mel = _resonance(1000.0)
    assert scale_vocal_tract(mel, 1.0, CONFIG) is mel


def test_what_lies_beyond_the_top_band_is_held() -> None:
    moved = scale_vocal_tract(_resonance(4000.0), 1.3, CONFIG)
    assert np.isfinite(moved).all()
    assert moved[-1, 0] == pytest.approx(_resonance(4000.0)[-1, 0])


def test_it_keeps_type_and_shape() -> None:
    moved = scale_vocal_tract(_resonance(500.0).astype(np.float16), 1.1, CONFIG)
    assert (moved.dtype, moved.shape) == (np.float16, (80, 3))
