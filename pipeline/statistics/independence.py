"""Tests of independence of two columns, by permutation.

Columns of labels meet in a contingency table. What chance alone would make of it is seen in
random tables with the same margins, which is what shuffling one of the columns gives, at a cost
that does not grow with the rows (Patefield, 1981, in scipy.stats). Where something is known to
differ between strata (the noise of train and test, say), rows are only shuffled within them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

SHUFFLES = 20_000  # at most; far fewer settle what is clearly chance
_STEPS = (50, 200, 1_000, 5_000)  # shuffles made before it is asked whether they are enough
_ENOUGH_EXCEEDING = 10
# A statistic that two rare labels make huge by meeting once looks impossible until it is seen in
# a shuffle: no fitted tail is believed before there were many.
_BEYOND_DOUBT, _BELIEVED_FROM = 1e-9, 5_000
_CELLS_AT_ONCE = 4_000_000
_LEAST_EXPECTED = 5.0  # rows in every cell, below which chi-square's own table misleads


@dataclass(frozen=True, slots=True)
class Dependence:
    """What a test of two columns found.

    `p` is how often chance alone makes a `statistic` as large or larger; `excess` is by how much
    the statistic lies above what chance makes on average; `shuffles` is 0 for a p out of a
    known distribution.
    """

    test: str
    statistic: float
    excess: float
    p: float
    shuffles: int = 0


def contingency_table(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(I, J) numbers of rows by two columns of codes (N,), which count from 0."""
    num_first, num_second = int(first.max()) + 1, int(second.max()) + 1
    cells = np.bincount(first * num_second + second, minlength=num_first * num_second)
    return cells.reshape(num_first, num_second)


def tables_by_stratum(
    first: np.ndarray, second: np.ndarray, strata: np.ndarray | None = None
) -> list[np.ndarray]:
    """A contingency table for every stratum, without its empty rows and columns; strata in which
    one of the columns does not vary say nothing and are left out."""
    if strata is None:
        strata = np.zeros_like(first)
    tables = []
    for stratum in np.unique(strata):
        inside = strata == stratum
        table = contingency_table(first[inside], second[inside])
        table = table[table.any(axis=1)][:, table.any(axis=0)]
        if min(table.shape) > 1:
            tables.append(table)
    return tables


def mutual_information(table: np.ndarray) -> float:
    """Bits that the rows of a contingency table (I, J) tell about its columns, 0 or more."""
    table = np.asarray(table)
    total = table.sum()
    entropies = _n_log_n(table.sum(1)) + _n_log_n(table.sum(0)) - _n_log_n(total)
    return max(0.0, float(_n_log_n(table) - entropies) / float(total))


def mutual_information_test(
    tables: Sequence[np.ndarray], rng: np.random.Generator, shuffles: int = SHUFFLES
) -> Dependence:
    """Mutual information in bits a row, over the strata whose `tables` these are, with a p out
    of random tables with the same margins. `tables` must not be empty."""
    total = sum(table.sum() for table in tables)
    # With the margins given, only the sum of n log n over the cells can differ.
    observed = sum(float(_n_log_n(table)) for table in tables)
    fixed = observed - sum(mutual_information(table) * table.sum() for table in tables)

    def draw(count: int) -> np.ndarray:
        return _over_tables(tables, rng, count, lambda cells, _: _n_log_n(cells, axes=(1, 2)))

    p, mean, num_drawn = shuffled_p(observed, draw, shuffles)
    bits, chance_bits = float((observed - fixed) / total), float((mean - fixed) / total)
    return Dependence("mutual information", bits, bits - chance_bits, p, num_drawn)


def chi_square_test(
    tables: Sequence[np.ndarray], rng: np.random.Generator, shuffles: int = SHUFFLES
) -> Dependence:
    """Pearson's chi-square, summed over strata. Where a cell may expect fewer than five rows, its
    p comes out of random tables with the same margins. `tables` must not be empty."""
    expected = [stats.contingency.expected_freq(table) for table in tables]
    freedom = sum((table.shape[0] - 1) * (table.shape[1] - 1) for table in tables)
    observed = sum(
        float(((table - mean) ** 2 / mean).sum())
        for table, mean in zip(tables, expected, strict=True)
    )
    if min(mean.min() for mean in expected) >= _LEAST_EXPECTED:
        p = float(stats.chi2.sf(observed, freedom))
        return Dependence("chi-square", observed, observed - freedom, p)

    def draw(count: int) -> np.ndarray:
        def statistic(cells: np.ndarray, which: int) -> np.ndarray:
            mean = expected[which]
            return np.asarray(((cells - mean) ** 2 / mean).sum(axis=(1, 2)))

        return _over_tables(tables, rng, count, statistic)

    p, mean, num_drawn = shuffled_p(observed, draw, shuffles)
    return Dependence("chi-square", observed, observed - mean, p, num_drawn)


def ks_test(values: np.ndarray, labels: np.ndarray) -> Dependence:
    """Kolmogorov-Smirnov: `values` (N,) of each label (N, codes from 0) against all other rows.

    The label that lies furthest away counts, and its p is taken times the number of labels.
    """
    order = np.argsort(values, kind="stable")
    last_of_equal = np.flatnonzero(np.diff(values[order], append=np.inf))
    labels = labels[order]
    ranks = np.arange(1, len(values) + 1)
    counts = np.bincount(labels)
    compared = np.flatnonzero((counts > 0) & (counts < len(values)))
    distances = np.empty(len(compared))
    for index, label in enumerate(compared):
        within = np.cumsum(labels == label)
        num_in, num_out = counts[label], len(values) - counts[label]
        apart = np.abs(within / num_in - (ranks - within) / num_out)
        distances[index] = apart[last_of_equal].max()
    size = np.sqrt(counts[compared] * (len(values) - counts[compared]) / len(values))
    p = stats.kstwobign.sf(distances * (size + 0.12 + 0.11 / size))  # Stephens (1970)
    furthest = int(p.argmin())
    distance = float(distances[furthest])
    corrected = min(1.0, float(p[furthest]) * len(compared))
    return Dependence("Kolmogorov-Smirnov", distance, distance, corrected)


def shuffled_p(
    observed: float, draw: Callable[[int], np.ndarray], shuffles: int = SHUFFLES
) -> tuple[float, float, int]:
    """(p, mean by chance, shuffles made) of an `observed` statistic that is large when something
    is wrong; `draw(count)` gives it for `count` shuffles.

    Stops once ten shuffles were as large (Besag and Clifford, 1991). Where none was, the tail
    beyond them is that of a gamma distribution with their mean, variance and skewness.
    """
    drawn = np.empty(0)
    threshold = observed - 1e-9 * max(1.0, abs(observed))
    for goal in (*(step for step in _STEPS if step < shuffles), shuffles):
        drawn = np.concatenate([drawn, draw(goal - len(drawn))])
        exceeding = int((drawn >= threshold).sum())
        p = (exceeding + 1) / (len(drawn) + 1)
        if not exceeding:
            p = min(p, _gamma_tail(observed, drawn))
        is_plain = len(drawn) >= _BELIEVED_FROM and p < _BEYOND_DOUBT
        if exceeding >= _ENOUGH_EXCEEDING or is_plain:
            break
    return p, float(drawn.mean()), len(drawn)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """The p-values corrected so that, of all tests together, a share alpha of clean datasets has
    any below alpha (Holm, 1979)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def _gamma_tail(observed: float, drawn: np.ndarray) -> float:
    """How often a gamma distribution (Pearson's type III) with the mean, variance and skewness of
    `drawn` passes `observed`."""
    spread = float(drawn.std())
    if spread <= 1e-12 * max(1.0, abs(observed)):
        return 0.0 if observed > drawn.max() else 1.0
    skew = max(0.0, float(stats.skew(drawn)))
    return float(stats.pearson3.sf(observed, skew, loc=drawn.mean(), scale=spread))


def _over_tables(
    tables: Sequence[np.ndarray],
    rng: np.random.Generator,
    count: int,
    statistic: Callable[[np.ndarray, int], np.ndarray],
) -> np.ndarray:
    """(count,) sums of `statistic(random tables, which)` over all strata."""
    sums = np.zeros(count)
    for which, table in enumerate(tables):
        chance = stats.random_table(table.sum(axis=1), table.sum(axis=0))
        at_once = max(1, _CELLS_AT_ONCE // table.size)
        for start in range(0, count, at_once):
            size = min(at_once, count - start)
            cells = chance.rvs(size=size, random_state=rng).reshape(size, *table.shape)
            sums[start : start + size] += statistic(cells, which)
    return sums


def _n_log_n(counts: np.ndarray, axes: tuple[int, ...] | None = None) -> np.ndarray:
    """The sum of n log2 n over `axes`, or over all."""
    counts = np.asarray(counts)
    numbers = np.arange(int(counts.max()) + 1, dtype=np.float64)
    looked_up = (numbers * np.log2(np.maximum(numbers, 1.0)))[counts]
    return np.asarray(looked_up.sum(axis=axes))
