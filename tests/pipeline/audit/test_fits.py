"""Draws against what was asked of them."""

import numpy as np
import pytest
from scipy import stats

from pipeline.audit.fits import (
    fits_curve,
    fits_probability,
    fits_shares,
    is_even,
    neighbours_agree,
    neighbours_repeat,
)
from pipeline.distributions import Distribution

ASKED = [
    Distribution(low=5, high=25),
    Distribution(low=100, high=8000, scale="log"),
    Distribution(mean=12, std=5),
    Distribution(mean=12, std=5, low=0, high=15),
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.describe())
def test_draws_fit_the_distribution_they_come_from_and_no_other(asked: Distribution) -> None:
    rng = np.random.default_rng(1)
    values = np.array([asked.draw(rng) for _ in range(500)])
    assert fits_curve(values, asked.cdf, asked.bounds).p > 0.01
    for other in ASKED:
        if other != asked:
            assert fits_curve(values, other.cdf, other.bounds).p < 1e-6


def test_one_value_out_of_bounds_is_enough() -> None:
    asked = ASKED[0]
    values = np.append(np.linspace(5, 25, 500), 26.0)
    assert fits_curve(values, asked.cdf, asked.bounds).p == 0.0


def test_what_was_lost_explains_as_much_and_no_more() -> None:
    values = np.random.default_rng(2).uniform(0, 0.97, 20_000)  # the fastest of all were rejected
    asked = Distribution(low=0, high=1)
    assert fits_curve(values, asked.cdf, asked.bounds).p < 1e-6
    assert fits_curve(values, asked.cdf, asked.bounds, lost=0.03).p > 0.01
    assert fits_shares(np.array([5300, 4700]), np.array([0.5, 0.5])).p < 1e-6
    assert fits_shares(np.array([5300, 4700]), np.array([0.5, 0.5]), lost=0.03).p > 0.01


def test_shares_are_those_of_chi_square_and_the_impossible_is_seen() -> None:
    counts, shares = np.array([60, 25, 15]), np.array([0.5, 0.3, 0.2])
    expected = stats.chisquare(counts, 100 * shares)
    assert fits_shares(counts, shares).p == pytest.approx(expected.pvalue)
    assert fits_shares(np.array([99, 1]), np.array([1.0, 0.0])).p == 0.0


def test_a_probability_is_that_of_the_binomial_test() -> None:
    assert fits_probability(80, 100, 0.8).p == pytest.approx(1.0)
    assert fits_probability(50, 100, 0.8).p < 1e-6


def test_files_of_a_kind_are_used_equally_often_or_not() -> None:
    even = is_even([np.array([20, 22, 0, 18]), np.array([3])])
    assert even is not None
    assert even.p > 0.5
    uneven = is_even([np.array([60, 2, 3])])
    assert uneven is not None
    assert uneven.p < 1e-6
    assert is_even([np.array([2, 3, 1])]) is None


@pytest.mark.parametrize("count", [80, 3000])
def test_neighbours_of_a_shuffled_row_give_uniform_p_values(count: int) -> None:
    rng = np.random.default_rng(3)
    numbers = [neighbours_agree(rng.normal(size=count), rng).p for _ in range(100)]
    labels = [neighbours_repeat(rng.integers(4, size=count), rng).p for _ in range(100)]
    for p_values in (numbers, labels):
        assert stats.kstest(p_values, "uniform").pvalue > 0.001


@pytest.mark.parametrize("count", [80, 3000])
def test_neighbours_that_are_alike_or_unlike_are_seen(count: int) -> None:
    rng = np.random.default_rng(4)
    drifting = np.cumsum(rng.normal(size=count))
    alternating = np.arange(count) % 2 + rng.normal(size=count) / 10
    assert neighbours_agree(drifting, rng).p < 1e-6
    assert neighbours_agree(alternating, rng).p < 1e-6
    assert neighbours_agree(alternating, rng, unlike_too=False).p > 0.9
    twice = np.repeat(rng.integers(5, size=count // 2), 2)
    assert neighbours_repeat(twice, rng).p < 1e-6
    assert neighbours_repeat(np.arange(count) % 5, rng).p < 1e-3
    assert neighbours_repeat(np.arange(count) % 5, rng, unlike_too=False).p > 0.9
