"""Columns that meet in an audit: ranks, bins, and the rows that two share."""

import numpy as np
import pytest

from pipeline.audit.columns import OTHERS, Column
from pipeline.audit.ties import bins, relative_ranks, shared_rows


def test_ranks_are_within_their_stratum_and_ties_share_one() -> None:
    values = np.array([10.0, 20.0, 20.0, 1.0, 2.0])
    ranks = relative_ranks(values, np.array([0, 0, 0, 1, 1]))
    assert ranks == pytest.approx([1 / 6, 2 / 3, 2 / 3, 0.25, 0.75])


@pytest.mark.parametrize(("rows", "expected"), [(1000, 10), (100, 5), (20, 2)])
def test_numbers_fall_into_equal_bins_fewer_for_few_rows(rows: int, expected: int) -> None:
    counts = np.bincount(bins(np.random.default_rng(1).lognormal(size=rows)))
    assert len(counts) == expected
    assert np.ptp(counts) <= 1


def test_equal_numbers_share_a_bin() -> None:
    values = np.repeat([1.0, 2.0], 100)
    assert len(np.unique(bins(values)[:100])) == 1


def test_columns_meet_where_both_have_values() -> None:
    first = Column("a", np.array([0, 2, 4, 6]), np.array([1.0, 3.0, 5.0, 7.0]))
    second = Column("b", np.array([2, 3, 6]), np.array([0, 1, 1]), ("x", "y"))
    ours, theirs = shared_rows(first, second)
    assert ours.rows.tolist() == theirs.rows.tolist() == [2, 6]
    assert ours.values.tolist() == [3.0, 7.0]
    assert theirs.values.tolist() == [0, 1]


def test_the_rarest_of_many_labels_count_as_one() -> None:
    codes = np.concatenate([np.repeat(np.arange(99), 2), np.arange(99, 120)])
    levels = tuple(str(code) for code in range(120))
    column = Column("a", np.arange(len(codes)), codes, levels)
    ours, _ = shared_rows(column, column)
    assert ours.levels is not None
    assert (len(ours.levels), ours.levels[-1]) == (100, OTHERS)
    assert np.bincount(ours.values)[-1] == 21
