import json
import math
import re
from dataclasses import dataclass

import numpy as np
import pytest

from models.config import as_mapping, build
from models.errors import ConfigError
from pipeline.distributions import Choice, Distribution, Range, only, within


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


@dataclass(frozen=True)
class Knobs:
    level: Distribution = Distribution(value=0.0)
    codec: Choice = Choice(value="mp3")


SPELLINGS = [
    (12, "always 12", 12.0, 12.0),
    ({"low": 5, "high": 25}, "uniform from 5 to 25", 5.0, 25.0),
    ({"low": 100, "high": 8000, "scale": "log"}, "log-uniform from 100 to 8000", 100.0, 8000.0),
    ({"mean": 12, "std": 5}, "normal around 12 with deviation 5", -math.inf, math.inf),
    (
        {"mean": 12, "std": 5, "low": 0, "high": 14},
        "normal around 12 with deviation 5 from 0 to 14",
        0.0,
        14.0,
    ),
    ({"mean": 0, "std": 1, "low": 1}, "normal around 0 with deviation 1 from 1", 1.0, math.inf),
    ({"choice": {8: 1, 16: 3, 48: 0}}, "one of 8 (25%), 16 (75%)", 8.0, 16.0),
]


@pytest.mark.parametrize(("spelling", "words", "low", "high"), SPELLINGS)
def test_a_spelling_is_read_described_and_drawn_as_its_cdf_says(spelling, words, low, high):
    level = build(Knobs, {"level": spelling}, where="x.yaml").level
    assert level.describe() == words
    assert level.bounds == (low, high)
    rng = np.random.default_rng(1)
    draws = np.sort([level.draw(rng) for _ in range(4000)])
    assert low <= draws[0]
    assert draws[-1] <= high
    assert level.cdf(draws[-1:] + 1e-9)[0] == pytest.approx(1.0, abs=0.01)
    if level.probabilities() is None:
        shares = (np.arange(4000) + 0.5) / 4000
        assert np.abs(level.cdf(draws) - shares).max() < 0.03  # Kolmogorov-Smirnov: p of 0.1 %
    else:
        for value, share in level.probabilities().items():
            assert np.mean(draws == value) == pytest.approx(share, abs=0.03)
            assert level.cdf(np.array([value - 1e-9, value]))[1] >= share


@pytest.mark.parametrize("spelling", [spelling for spelling, *_ in SPELLINGS])
def test_every_draw_takes_one_number(spelling):
    level = build(Knobs, {"level": spelling}, where="x.yaml").level
    one, other = np.random.default_rng(7), np.random.default_rng(7)
    level.draw(one)
    other.random()
    assert one.random() == other.random()


@pytest.mark.parametrize("spelling", [spelling for spelling, *_ in SPELLINGS])
def test_a_distribution_is_rebuilt_from_its_plain_form(spelling):
    knobs = build(Knobs, {"level": spelling}, where="x.yaml")
    assert build(Knobs, json.loads(json.dumps(as_mapping(knobs))), where="build.json") == knobs


def test_the_ends_of_the_unit_interval_stay_inside():
    for quantile in (0.0, 1 - 2**-53):
        assert math.isfinite(Distribution(mean=0.0, std=1.0).at(quantile))
        assert Distribution(mean=0.0, std=1.0, low=0.0).at(quantile) >= 0
        assert Distribution(choice={1.0: 1, 2.0: 1}).at(quantile) in (1.0, 2.0)
        assert 2 <= Distribution(low=2, high=9, scale="log").at(quantile) <= 9


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ({}, "level.low: give a number, or low and high"),
        ({"low": 3}, "level.low: give a number"),
        ({"mean": 3}, "level.low: give a number"),
        ({"low": 1, "high": 2, "mean": 1}, "level.low: give a number"),
        ({"low": 1, "high": 2, "std": 1}, "level.low: give a number"),
        ({"value": 1, "choice": {1: 1}}, "level.low: give a number"),
        ({"value": 1, "low": 1, "high": 2}, "level.low: give a number"),
        ({"low": 3, "high": 2}, "level.low: 3.0 lies above high: 2.0"),
        ({"low": 0, "high": 2, "scale": "log"}, "level.scale: log is for"),
        ({"mean": 1, "std": 1, "scale": "log"}, "level.scale: log is for"),
        ({"mean": 1, "std": 0}, "level.std: 0.0; above 0"),
        ({"mean": 0, "std": 1, "low": 30}, "level.mean: less than a millionth"),
        ({"choice": {1: -1}}, "level.choice: a weight is negative"),
        ({"choice": {1: 0}}, "level.choice: no value has a weight"),
        ({"low": float("nan"), "high": 1}, "level.low: nan is not allowed"),
        ("loud", "level.value: expected a number, found 'loud'"),
    ],
)
def test_a_distribution_that_cannot_be_drawn_from_names_its_key(level, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        build(Knobs, {"level": level}, where="x.yaml")


def test_names_are_drawn_by_weight():
    codec = build(Knobs, {"codec": {"choice": {"mp3": 3, "opus": 1}}}, where="x.yaml").codec
    rng = np.random.default_rng(0)
    draws = [codec.draw(rng) for _ in range(2000)]
    assert draws.count("mp3") / 2000 == pytest.approx(0.75, abs=0.03)
    assert codec.describe() == "one of mp3 (75%), opus (25%)"
    assert build(Knobs, {"codec": "opus"}, where="x.yaml").codec.probabilities() == {"opus": 1.0}


def test_limits_name_the_key_and_what_is_allowed():
    with pytest.raises(ValueError, match="gain_db: may be drawn from -inf to inf; -60 to 60 is"):
        within(Distribution(mean=0, std=1), -60, 60, "gain_db")
    with pytest.raises(ValueError, match="codec: 'wma' is not one of mp3, opus"):
        only(Choice(value="wma"), ("mp3", "opus"), "codec")


def test_a_draw_is_the_same_in_whatever_order_the_weights_are_written():
    numbers = {8.0: 1.0, 16.0: 3.0, 12.0: 2.0}
    names = {"opus": 1.0, "mp3": 2.0, "wav": 1.5}
    for quantile in np.linspace(0, 0.999, 50):
        for kind, weights in ((Distribution, numbers), (Choice, names)):
            reversed_weights = dict(reversed(weights.items()))
            drawn = kind(choice=weights).at(quantile)
            assert kind(choice=reversed_weights).at(quantile) == drawn
