"""Tests for dependence of what was drawn on labels, voices and positions."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata

from pipeline.audit.columns import Column, pooled
from pipeline.audit.evidence import LEAST_ROWS, SURE_ENOUGH_FOR_WORDS, Evidence, Finding, varying
from pipeline.statistics.independence import (
    Dependence,
    chi_square_test,
    contingency_table,
    ks_test,
    mutual_information_test,
    tables_by_stratum,
)

TIES = "ties"
_MOST_BINS = 10


def ties(evidence: Evidence) -> Iterator[Finding]:
    """Every drawn column against every label: by mutual information, and by chi-square or, for
    numbers, Kolmogorov-Smirnov; how the voice was drawn against what it says.
    """
    voices = [column for column in varying(evidence.voice.values()) if column.levels]
    for column in varying(evidence.drawn()):
        is_dealt = evidence.strata(column) is not None
        for label in (*evidence.labels.values(), *voices):
            if not (is_dealt and label.name == "split"):
                yield from _tie(column, label, evidence)
    for column in varying(evidence.voice.values()):
        for label in evidence.labels.values():
            if not (evidence.speakers_apart and label.name == "split"):
                yield from _voice_tie(column, label, evidence)


def bins(values: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
    """Tenths (fewer for few rows) of numbers (N,), as codes; equal numbers share one."""
    num_bins = int(np.clip(len(values) // LEAST_ROWS, 2, _MOST_BINS))
    return np.minimum((relative_ranks(values, strata) * num_bins).astype(np.int64), num_bins - 1)


def relative_ranks(values: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
    """Ranks of numbers (N,) within their stratum, between 0 and 1; equal numbers share one."""
    strata = np.zeros(len(values), dtype=np.int64) if strata is None else strata
    ranks = np.empty(len(values))
    for stratum in np.unique(strata):
        inside = strata == stratum
        ranks[inside] = (rankdata(values[inside]) - 0.5) / inside.sum()
    return ranks


def shared_rows(first: Column, second: Column) -> tuple[Column, Column]:
    """Two columns where both have values, the rarest of many labels counted as one."""
    if len(first.rows) == len(second.rows) and np.array_equal(first.rows, second.rows):
        return pooled(first), pooled(second)
    rows = np.intersect1d(first.rows, second.rows, assume_unique=True)
    return pooled(first.within(rows)), pooled(second.within(rows))


def _tie(column: Column, label: Column, evidence: Evidence) -> Iterator[Finding]:
    drawn, label = shared_rows(column, label)
    if len(drawn.rows) < LEAST_ROWS:
        return
    strata = evidence.strata(drawn)
    codes = drawn.values if drawn.levels else bins(drawn.values, strata)
    tables = tables_by_stratum(codes, label.values, strata)
    if not tables:
        return
    rng = evidence.rng_for(f"{column.name}|{label.name}")
    tests: list[Dependence] = [mutual_information_test(tables, rng)]
    if drawn.levels:
        tests.append(chi_square_test(tables, rng))
    else:
        tests.append(ks_test(relative_ranks(drawn.values, strata), label.values))
    for test in tests:
        words = _words(drawn, label, test.p)
        yield Finding(TIES, column.name, label.name, test.test, test.statistic, test.p, words)


def _voice_tie(column: Column, label: Column, evidence: Evidence) -> Iterator[Finding]:
    """As `_tie`, but dropping clips after they were spoken may tie a voice to a sentence: by no
    more than a bit for each clip lost."""
    voice, label = shared_rows(column, label)
    if len(voice.rows) < LEAST_ROWS:
        return
    strata = evidence.voice_strata(voice)
    codes = voice.values if voice.levels else bins(voice.values, strata)
    tables = tables_by_stratum(codes, label.values, strata)
    if not tables:
        return
    test = mutual_information_test(tables, evidence.rng_for(f"{column.name}|{label.name}"))
    p = 1.0 if test.excess <= evidence.lost else test.p
    words = _words(voice, label, p)
    yield Finding(TIES, column.name, label.name, test.test, test.statistic, p, words)


def _words(column: Column, label: Column, p: float) -> str:
    """The cell that differs most from chance, or that there is none."""
    if p > SURE_ENOUGH_FOR_WORDS:
        return "no more than chance"
    codes = column.values if column.levels else bins(column.values)
    table = contingency_table(label.values, codes)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    beyond = (table - expected) / np.sqrt(np.maximum(expected, 1e-9))
    if column.levels is None:
        which = int(np.abs(beyond).sum(axis=1).argmax())
        middle = np.median(column.values[label.values == which])
        return (
            f"{middle:.3g} in the middle where {label.name} is `{_level(label, which)}`, "
            f"{np.median(column.values):.3g} in all clips"
        )
    cell = np.unravel_index(int(beyond.argmax()), beyond.shape)
    which, code = int(cell[0]), int(cell[1])
    share, overall = table[which, code] / table[which].sum(), table[:, code].sum() / table.sum()
    return (
        f"`{_level(column, code)}` in {share:.0%} of the clips where {label.name} is "
        f"`{_level(label, which)}`, in {overall:.0%} of all"
    )


def _level(column: Column, code: int) -> str:
    assert column.levels is not None
    return column.levels[code]
