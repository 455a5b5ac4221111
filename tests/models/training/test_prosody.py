import numpy as np
import pytest

from models.training.prosody import ProsodyLevels, autoregression


def test_a_contour_is_drawn_through_what_is_unvoiced() -> None:
    levels = ProsodyLevels({"anna": float(np.log(100.0))}, 0.0)
    pitch, voicing = levels.contour("anna", np.array([0.0, 100.0, 0.0, 200.0, 0.0]), std=0.5)
    octave = np.log(2) / 0.5
    np.testing.assert_allclose(pitch, [0, 0, octave / 2, octave, octave], atol=1e-6)
    assert voicing.tolist() == [0, 1, 0, 1, 0]


def test_a_contour_of_whispering_is_the_middle() -> None:
    pitch, voicing = ProsodyLevels({"anna": 5.0}, 0.0).contour("anna", np.zeros(3), std=0.5)
    assert not pitch.any()
    assert not voicing.any()


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_an_autoregression_is_found_again(memory: float) -> None:
    rng = np.random.default_rng(0)
    values = [0.0]
    for drawn in rng.standard_normal(20_000):
        values.append(memory * values[-1] + drawn * np.sqrt(1 - memory**2))
    known = np.array(values) * 0.5 + 3.0
    known[::50] = np.nan
    std, found = autoregression(np.split(known[:20_000], 10))
    assert std == pytest.approx(0.5, rel=0.05)
    assert found == pytest.approx(memory, abs=0.03)
