"""Counts of things and labels, and how often chance would make them."""

import math

import numpy as np
import pytest

from pipeline.statistics.label_tests import holdings, label_tests, strongest_cell


def test_things_are_counted_once_a_row() -> None:
    held = holdings([(0, "b"), (0, "b"), (1, "a"), (1, "b"), (2, "c")])
    assert held.names == ("a", "b", "c")
    assert list(zip(held.rows.tolist(), held.things.tolist(), strict=True)) == [
        (1, 0), (0, 1), (1, 1), (2, 2),
    ]  # fmt: skip
    often = held.at_least(2)
    assert (often.names, often.rows.tolist(), often.things.tolist()) == (("b",), [0, 1], [0, 0])
    assert holdings([]).at_least(1).names == ()


def test_chances_are_those_of_all_permutations() -> None:
    """Four of ten rows have label 1; a thing is in three rows, all of label 1."""
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    tests = label_tests(holdings([(0, "x"), (1, "x"), (2, "x")]), np.arange(10), labels)
    assert tests.counts.tolist() == [[0, 3]]
    assert tests.expected[0] == pytest.approx([1.8, 1.2])
    assert tests.p_more[0] == pytest.approx([1.0, math.comb(4, 3) / math.comb(10, 3)])
    assert tests.p_none[0, 0] == pytest.approx(math.comb(4, 3) / math.comb(10, 3))
    assert tests.cell(0, 1).of_rows == 3


def test_bits_are_those_of_the_label() -> None:
    labels = np.array([0, 0, 1, 1])
    tests = label_tests(holdings([(0, "x"), (1, "x"), (0, "y"), (2, "y")]), np.arange(4), labels)
    assert tests.bits == pytest.approx([1.0, 0.0])


def test_only_rows_of_the_population_count() -> None:
    labels = np.array([0, 1, 0, 1, 1, 1])
    tests = label_tests(holdings([(0, "x"), (2, "x")]), np.array([0, 1, 2, 3]), labels)
    assert tests.expected.tolist() == [[1.0, 1.0]]


def test_the_strongest_cell() -> None:
    first, second, cell = strongest_cell(np.array([[10, 10], [2, 18], [0, 0]]))
    assert (first, second) == (0, 0)
    assert (cell.rows, cell.of_rows, cell.expected) == (10, 20, 6.0)
