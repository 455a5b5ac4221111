"""Exact tests of many features against a label at once.

The null hypothesis: were labels assigned to rows at random, the number of rows with a thing
and a label would follow the hypergeometric distribution, which is what all permutations give.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.statistics.independence import mutual_information


@dataclass(frozen=True, slots=True)
class Cell:
    """`rows` of the `of_rows` that hold a thing have a label; chance would make it `expected`."""

    rows: int
    of_rows: int
    expected: float


@dataclass(frozen=True, slots=True)
class Holdings:
    """Which rows hold which things, each pair once: `rows` and `things` are codes (P,)."""

    names: tuple[str, ...]
    rows: np.ndarray
    things: np.ndarray

    def at_least(self, num_rows: int) -> "Holdings":
        """Those things that so many rows hold."""
        often = np.bincount(self.things, minlength=len(self.names)) >= num_rows
        codes = np.cumsum(often) - 1
        kept = often[self.things]
        names = tuple(name for name, stays in zip(self.names, often, strict=True) if stays)
        return Holdings(names, self.rows[kept], codes[self.things[kept]])


def holdings(pairs: Iterable[tuple[int, str]]) -> Holdings:
    """Out of (row, thing), which may come more than once; things are sorted by name."""
    unique = sorted(set(pairs), key=lambda pair: (pair[1], pair[0]))
    names = tuple(dict.fromkeys(thing for _, thing in unique))
    codes = {name: code for code, name in enumerate(names)}
    rows = np.array([row for row, _ in unique], dtype=np.int64)
    return Holdings(names, rows, np.array([codes[thing] for _, thing in unique], dtype=np.int64))


@dataclass(frozen=True, slots=True)
class LabelTests:
    """M things against L labels: of how many rows with a thing and a label there are.

    `counts` and `expected` are (M, L). `p_more` (M, L) is how often chance makes so many or more,
    `p_none` (M, L) how often it makes none; `bits` (M,) is what a thing tells of the label, a row.
    """

    counts: np.ndarray
    expected: np.ndarray
    p_more: np.ndarray
    p_none: np.ndarray
    bits: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """How many rows hold each thing, (M,)."""
        return np.asarray(self.counts.sum(axis=1))

    def cell(self, thing: int, label: int) -> Cell:
        rows, expected = int(self.counts[thing, label]), float(self.expected[thing, label])
        return Cell(rows, int(self.sizes[thing]), expected)


def label_tests(held: Holdings, population: np.ndarray, labels: np.ndarray) -> LabelTests:
    """Tests among the rows `population` (n,), whose `labels` (N,) are codes from 0."""
    num_labels = int(labels.max()) + 1
    by_label = np.bincount(labels[population], minlength=num_labels)
    cells = held.things * num_labels + labels[held.rows]
    counts = np.bincount(cells, minlength=len(held.names) * num_labels)
    counts = counts.reshape(-1, num_labels)
    sizes, total = counts.sum(axis=1, keepdims=True), len(population)
    bits = [mutual_information(np.stack([row, by_label - row])) for row in counts]
    return LabelTests(
        counts=counts,
        expected=sizes * by_label / total,
        p_more=stats.hypergeom.sf(counts - 1, total, by_label, sizes),
        p_none=stats.hypergeom.pmf(0, total, by_label, sizes),
        bits=np.array(bits),
    )


def strongest_cell(table: np.ndarray) -> tuple[int, int, Cell]:
    """The cell of a contingency table (I, J) furthest above its expectation, in deviations."""
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    deviations = (table - expected) / np.sqrt(np.maximum(expected, 1e-9))  # 0 where none is
    first, second = np.unravel_index(deviations.argmax(), table.shape)
    cell = Cell(int(table[first, second]), int(table[first].sum()), float(expected[first, second]))
    return int(first), int(second), cell
