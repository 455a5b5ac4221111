"""Tests of independence: what chance makes passes, what it does not is found."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from pipeline.statistics.independence import (
    Dependence,
    chi_square_test,
    contingency_table,
    holm,
    ks_test,
    mutual_information,
    mutual_information_test,
    shuffled_p,
    tables_by_stratum,
)

Test = Callable[..., Dependence]


def _codes(rng: np.random.Generator, num_labels: int, count: int) -> np.ndarray:
    return rng.integers(num_labels, size=count)


def test_a_contingency_table_counts_rows() -> None:
    table = contingency_table(np.array([0, 0, 1, 1]), np.array([2, 2, 0, 1]))
    assert table.tolist() == [[0, 0, 2], [1, 1, 0]]


def test_mutual_information_of_copies_is_their_entropy_and_of_a_product_nothing() -> None:
    assert mutual_information(np.diag([5, 5, 5, 5])) == pytest.approx(2.0)
    assert mutual_information(np.outer([1, 2, 3], [4, 4, 8])) == pytest.approx(0.0, abs=1e-12)
    assert mutual_information(np.array([[9, 1], [1, 9]])) == pytest.approx(
        1 - stats.entropy([0.9, 0.1], base=2)
    )


@pytest.mark.parametrize("test", [mutual_information_test, chi_square_test])
@pytest.mark.parametrize("count", [60, 2000])
def test_p_values_of_independent_columns_are_uniform(test: Test, count: int) -> None:
    rng = np.random.default_rng(1)
    p_values = []
    for _ in range(200):
        table = contingency_table(_codes(rng, 3, count), _codes(rng, 4, count))
        p_values.append(test([table], rng, shuffles=200).p)
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert np.mean(np.array(p_values) <= 0.05) < 0.12


@pytest.mark.parametrize("test", [mutual_information_test, chi_square_test])
def test_a_label_that_always_meets_another_is_beyond_doubt(test: Test) -> None:
    rng = np.random.default_rng(2)
    first = _codes(rng, 8, 300)
    second = np.where(first == 3, 0, _codes(rng, 5, 300))
    found = test([contingency_table(first, second)], rng)
    assert found.p < 1e-6
    assert found.excess > 0


def test_small_tables_get_the_p_value_that_counting_all_tables_gives() -> None:
    table = np.array([[6, 1], [1, 6]])
    exact = stats.fisher_exact(table).pvalue
    rng = np.random.default_rng(3)
    assert mutual_information_test([table], rng).p == pytest.approx(exact, rel=0.5)
    found = chi_square_test([table], rng)
    assert found.shuffles > 0
    assert found.p == pytest.approx(exact, rel=0.5)


def test_large_tables_get_the_p_value_of_scipy() -> None:
    rng = np.random.default_rng(4)
    table = contingency_table(_codes(rng, 3, 900), _codes(rng, 3, 900))
    expected = stats.chi2_contingency(table, correction=False)
    found = chi_square_test([table], rng)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.shuffles == 0


def test_what_differs_between_strata_alone_is_no_dependence() -> None:
    rng = np.random.default_rng(5)
    strata = _codes(rng, 2, 1000)
    first, second = strata * 2 + _codes(rng, 2, 1000), strata * 3 + _codes(rng, 3, 1000)
    alone = tables_by_stratum(first, second)
    within = tables_by_stratum(first, second, strata)
    assert [table.shape for table in within] == [(2, 3), (2, 3)]
    assert mutual_information_test(alone, rng).p < 1e-6
    assert mutual_information_test(within, rng).p > 0.001


def test_a_stratum_with_one_label_says_nothing() -> None:
    assert tables_by_stratum(np.zeros(5, int), np.arange(5)) == []


def test_kolmogorov_smirnov_finds_the_label_with_another_spread() -> None:
    rng = np.random.default_rng(6)
    labels = _codes(rng, 4, 800)
    values = rng.uniform(0, 20, 800)
    assert ks_test(values, labels).p > 0.01
    found = ks_test(np.where(labels == 2, 10 + values / 10, values), labels)
    assert found.p < 1e-6
    assert found.statistic > 0.4


def test_kolmogorov_smirnov_is_that_of_scipy_for_two_labels() -> None:
    rng = np.random.default_rng(7)
    labels, values = _codes(rng, 2, 200), rng.normal(size=200).round(1)
    expected = stats.ks_2samp(values[labels == 0], values[labels == 1], method="asymp")
    found = ks_test(values, labels)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(min(1.0, 2 * expected.pvalue), rel=1e-6)


def test_shuffling_stops_early_for_chance_and_the_tail_goes_on_beyond_it() -> None:
    rng = np.random.default_rng(8)

    def draw(count: int) -> np.ndarray:
        return rng.chisquare(4, count)

    p, mean, shuffles = shuffled_p(4.0, draw)
    assert shuffles < 500
    assert mean == pytest.approx(4.0, rel=0.3)
    assert p == pytest.approx(stats.chi2.sf(4.0, 4), abs=0.2)
    far, _, _ = shuffled_p(40.0, draw)
    assert math.log10(far) == pytest.approx(math.log10(stats.chi2.sf(40.0, 4)), abs=1.0)


def test_two_rare_labels_that_meet_once_are_no_finding() -> None:
    rng = np.random.default_rng(9)
    first, second = _codes(rng, 4, 3000), _codes(rng, 4, 3000)
    first[:3], second[[0, 10, 11]] = (4, 5, 6), (4, 5, 6)  # the first of each in one row
    found = chi_square_test([contingency_table(first, second)], rng)
    assert found.statistic > 2000
    assert found.p > 1e-4


def test_a_statistic_that_cannot_vary_is_no_finding() -> None:
    assert shuffled_p(3.0, lambda count: np.full(count, 3.0))[0] == 1.0


def test_holm_corrects_as_in_the_paper() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
