import numpy as np
import pytest

from models.config import build
from models.errors import ConfigError
from pipeline.distributions import Range


def test_draws_fill_the_range():
    rng = np.random.default_rng(1)
    draws = [Range(-2.0, 3.0).draw(rng) for _ in range(2000)]
    assert -2.0 <= min(draws) < -1.9
    assert 2.9 < max(draws) <= 3.0
    assert np.mean(draws) == pytest.approx(0.5, abs=0.1)


def test_a_constant_takes_as_much_randomness_as_a_range():
    constant, wide = np.random.default_rng(7), np.random.default_rng(7)
    assert Range(4.0, 4.0).draw(constant) == 4.0
    Range(0.0, 9.0).draw(wide)
    assert constant.random() == wide.random()


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_a_range_that_cannot_be_drawn_from_names_its_key(low, high):
    with pytest.raises(ConfigError, match=r"x\.yaml: .*(low|high): "):
        build(Range, {"low": low, "high": high}, where="x.yaml")
