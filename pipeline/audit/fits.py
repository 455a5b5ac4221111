"""Was a column drawn as the config asked, and one row without regard to the last?

Each test gives a p: how often draws that are in order look as odd as these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.statistics.independence import shuffled_p

_LEAST_EXPECTED = 5.0
_NORMAL_FROM = 500  # rows, from which on a sum over neighbours is as good as normal
_SHUFFLES = 2_000


@dataclass(frozen=True, slots=True)
class Fit:
    """How far draws lie from what was asked (`distance`, in the test's own unit) and its p."""

    test: str
    distance: float
    p: float


def fits_curve(
    values: np.ndarray,
    cdf: Callable[[np.ndarray], np.ndarray],
    bounds: tuple[float, float],
    lost: float = 0.0,
) -> Fit:
    """Kolmogorov-Smirnov: `values` (N,) against the distribution function `cdf`; outside of
    `bounds` there may be none.

    `lost` is the share of all draws that is not among them (rejected clips, say): so far the two
    may differ whatever was drawn.
    """
    slack = 1e-9 * max([1.0, *(abs(bound) for bound in bounds if np.isfinite(bound))])
    outside = int(((values < bounds[0] - slack) | (values > bounds[1] + slack)).sum())
    if outside:
        return Fit("bounds", float(outside), 0.0)
    distance = float(stats.kstest(values, cdf).statistic)
    p = float(stats.kstwo.sf(max(0.0, distance - lost), len(values)))
    return Fit("Kolmogorov-Smirnov", distance, p)


def fits_shares(counts: np.ndarray, shares: np.ndarray, lost: float = 0.0) -> Fit:
    """Chi-square: `counts` (K,) of rows against the `shares` (K,) asked for, which sum to 1.

    What is expected in fewer than five rows counts together. `lost` as in `fits_curve`, taken off
    every difference.
    """
    total, shares = counts.sum(), np.asarray(shares, dtype=np.float64)
    if counts[shares == 0].any():
        return Fit("bounds", float(counts[shares == 0].sum()), 0.0)
    rare = shares * total < _LEAST_EXPECTED
    if rare.any():
        counts = np.append(counts[~rare], counts[rare].sum())
        shares = np.append(shares[~rare], shares[rare].sum())
    counts, shares = counts[shares > 0], shares[shares > 0]
    expected = total * shares
    # A share of 0.3 may stand for anything from 0.3 - lost to 0.3 + lost.
    beyond = np.maximum(0.0, np.abs(counts - expected) - lost * total)
    chi_square = float((beyond**2 / expected).sum())
    freedom = max(1, len(counts) - 1)
    return Fit("chi-square", chi_square, float(stats.chi2.sf(chi_square, freedom)))


def fits_probability(count: int, total: int, probability: float) -> Fit:
    """Binomial: something that was to happen with `probability` did `count` times of `total`."""
    p = float(stats.binomtest(count, total, probability).pvalue)
    return Fit("binomial", abs(count / total - probability), p)


def is_even(groups: Sequence[np.ndarray]) -> Fit | None:
    """Chi-square: within each group of counts, everything that occurs does so equally often.

    None where no group has two kinds and five rows of each to expect.
    """
    chi_square, freedom = 0.0, 0
    for counts in (group[group > 0] for group in groups):
        if len(counts) > 1 and counts.mean() >= _LEAST_EXPECTED:
            chi_square += float(((counts - counts.mean()) ** 2 / counts.mean()).sum())
            freedom += len(counts) - 1
    if not freedom:
        return None
    return Fit("chi-square", chi_square, float(stats.chi2.sf(chi_square, freedom)))


def neighbours_agree(values: np.ndarray, rng: np.random.Generator, unlike_too: bool = True) -> Fit:
    """Lag-1 autocorrelation of the ranks of `values` (N,), in row order: are neighbours too alike,
    or, with `unlike_too`, too unlike?"""
    ranks = stats.rankdata(values)
    ranks -= ranks.mean()
    count, total = len(ranks), float((ranks**2).sum())

    def beyond_chance(rows: np.ndarray) -> np.ndarray:
        return np.asarray((rows[..., :-1] * rows[..., 1:]).sum(axis=-1) / total + 1 / count)

    found = float(beyond_chance(ranks))
    p = _neighbours_p(ranks, beyond_chance, 1 / np.sqrt(count), rng, unlike_too)
    return Fit("lag-1 correlation", found, p)


def neighbours_repeat(codes: np.ndarray, rng: np.random.Generator, unlike_too: bool = True) -> Fit:
    """Runs test for any number of labels: how often `codes` (N,) are equal to the row before.

    `distance` is the share of neighbours that are, above that by chance. Mean and variance are
    those of Barton and David (1957).
    """
    count, sizes = len(codes), np.bincount(codes).astype(np.float64)
    squares, cubes = float((sizes**2).sum()), float((sizes**3).sum())
    mean = (squares - count) / count
    variance = squares * (squares + count * (count + 1)) - 2 * count * cubes - count**3
    spread = float(np.sqrt(max(0.0, variance) / (count**2 * (count - 1))))

    def beyond_chance(rows: np.ndarray) -> np.ndarray:
        return np.asarray((rows[..., 1:] == rows[..., :-1]).sum(axis=-1) - mean)

    p = _neighbours_p(codes, beyond_chance, spread, rng, unlike_too)
    return Fit("runs", float(beyond_chance(codes)) / (count - 1), p)


def _neighbours_p(
    row: np.ndarray,
    beyond_chance: Callable[[np.ndarray], np.ndarray],
    spread: float,
    rng: np.random.Generator,
    unlike_too: bool,
) -> float:
    """The p of a statistic of `row` (N,) that is 0 on average: normal with deviation `spread`
    where there are many rows, out of shuffled ones where there are few."""
    side = np.abs if unlike_too else np.asarray
    observed = float(side(beyond_chance(row)))
    if len(row) >= _NORMAL_FROM:
        return min(1.0, (1 + unlike_too) * float(stats.norm.sf(observed, scale=max(spread, 1e-12))))

    def shuffled(count: int) -> np.ndarray:
        rows = rng.permuted(np.tile(row, (count, 1)), axis=1)
        return np.asarray(side(beyond_chance(rows)))

    return shuffled_p(observed, shuffled, _SHUFFLES)[0]
