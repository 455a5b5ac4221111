"""Even draws: every stretch of rows covers the range, and nothing else is given away."""

import numpy as np
import pytest
from scipy import stats

from pipeline.even_draws import BLOCK, EvenDraws, Turn, even_order
from pipeline.independence import mutual_information_test, tables_by_stratum
from pipeline.randomness import rng_for


def _draws(group: str, count: int, num_draws: int = 1, seed: int = 3) -> np.ndarray:
    """(count, num_draws) of the rows of a group."""
    rows = []
    for rank in range(count):
        rng = EvenDraws(
            rng_for(seed, "augment", f"{group}-{rank}"), seed, "noise", Turn(group, rank)
        )
        rows.append([rng.random() for _ in range(num_draws)])
    return np.array(rows)


@pytest.mark.parametrize("level", range(7))
def test_rows_that_follow_on_each_other_fall_into_different_parts(level: int) -> None:
    order, size = even_order(np.random.default_rng(level), 6), 1 << level
    for stretch in order.reshape(-1, size):
        assert sorted(stretch >> (6 - level)) == list(range(size))


def test_every_number_is_as_likely_in_every_place() -> None:
    orders = np.array([even_order(np.random.default_rng(seed), 3) for seed in range(2000)])
    for place in range(8):
        counts = np.bincount(orders[:, place], minlength=8)
        assert stats.chisquare(counts).pvalue > 1e-4


def test_draws_lie_nearer_to_uniform_than_independent_ones_for_any_number_of_rows() -> None:
    for count in (5, 16, 37, 100):
        even = [stats.kstest(_draws(f"g{n}", count)[:, 0], "uniform").statistic for n in range(20)]
        rng = np.random.default_rng(0)
        free = [stats.kstest(rng.random(count), "uniform").statistic for _ in range(20)]
        assert np.mean(even) < 0.8 * np.mean(free)


def test_two_draws_of_a_row_tell_nothing_about_each_other() -> None:
    rows = np.concatenate([_draws(f"intent {n}", 8, num_draws=2) for n in range(100)])
    codes = (rows * 8).astype(int)
    tables = tables_by_stratum(codes[:, 0], codes[:, 1])
    assert mutual_information_test(tables, np.random.default_rng(1)).p > 0.001


def test_a_row_is_the_same_whatever_was_drawn_before() -> None:
    turn = Turn("lights", 70)

    def draw() -> list[float]:
        rng = EvenDraws(rng_for(1, "augment", "row"), 1, "gain", turn)
        return [rng.random(), *rng.random(3).tolist()]

    first = draw()
    _draws("lights", 2 * BLOCK)
    assert draw() == first
    assert all(0 <= number < 1 for number in first)


def test_groups_names_and_seeds_have_orders_of_their_own() -> None:
    usual = _draws("lights", 64)[:, 0]
    for other in (_draws("music", 64)[:, 0], _draws("lights", 64, seed=4)[:, 0]):
        assert not np.array_equal(np.floor(64 * usual), np.floor(64 * other))
    assert not np.array_equal(np.floor(64 * usual), np.floor(64 * _draws("lights", 128)[64:, 0]))
