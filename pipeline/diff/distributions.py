"""Comparison of the distributions of two datasets: shares, medians and their tests."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from scipy import stats

from pipeline.randomness import rng_for
from pipeline.statistics.independence import chi_square_test

_SAME_SHARES = "the same shares of another number of rows"
CHANCE = 0.01  # a p above it is told as chance
_MOST_TOLD = 3
_LABELS = {  # in SQL, of the columns of a dataset
    "split": "split",
    "speaker": "speaker",
    "accent": "regexp_replace(accent, '[(].*', '')",  # without a speaker's strength
    "intent": "intent",
    "source": "source",
    "noise class": 'noise."class"',
    "room": "coalesce(nullif(room.source, ''), 'none')",
    "codec": "channel.codec",
    "license": "license",
}
# Units, and numbers rounded, which bounds how many of them are kept.
_NUMBERS = {
    "duration": ("s", "round(duration_s, 3)"),
    "SNR": ("dB", "round(noise.snr_db, 2)"),
    "pace": ("x", "round(pace, 3)"),
    "pitch": ("semitones", "round(pitch_semitones, 2)"),
    "loudness": ("LUFS", "round(quality.loudness_lufs, 2)"),
    "phone error rate": ("", "round(quality.phone_error_rate, 3)"),
}


def _column(name: str) -> str:
    return f"of_{name.replace(' ', '_')}"


# Everything that is counted: column of a table -> what it is in SQL.
COUNTED = {_column(name): label for name, label in _LABELS.items()} | {
    _column(name): number for name, (_, number) in _NUMBERS.items()
}


@dataclass(frozen=True, slots=True)
class Spread:
    """One thing that was drawn, in A and in B. `words` say what changed.

    `p` is how often chance alone makes two draws of the same as unlike (None: they are equal, or
    one is empty). Labels have their counts, numbers their medians in `before` and `after`.
    """

    name: str
    test: str
    words: str
    p: float | None
    before: Any
    after: Any

    @property
    def is_same(self) -> bool:
        return self.words == "the same"


@dataclass
class SpreadCount:
    """How often each label and each rounded number occurs, by the name of what was drawn."""

    labels: dict[str, Counter[str]]
    numbers: dict[str, Counter[float]]


def count_spreads(rows: duckdb.DuckDBPyConnection, table: str) -> SpreadCount:
    """Of a table with the columns `COUNTED`."""

    def count(name: str) -> Counter[Any]:
        column = _column(name)
        query = f"SELECT {column}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY ALL"
        return Counter(dict(rows.execute(query).fetchall()))

    return SpreadCount({name: count(name) for name in _LABELS}, {n: count(n) for n in _NUMBERS})


def spreads_of(before: SpreadCount, after: SpreadCount) -> Iterator[Spread]:
    """Everything that is counted, labels first."""
    for name, labels in before.labels.items():
        yield _of_labels(name, labels, after.labels[name])
    for name, numbers in before.numbers.items():
        yield _of_numbers(name, _NUMBERS[name][0], numbers, after.numbers[name])


def _of_labels(name: str, before: Counter[str], after: Counter[str]) -> Spread:
    counts = dict(sorted(before.items())), dict(sorted(after.items()))
    if before == after:
        return Spread(name, "chi-square", "the same", None, *counts)
    labels = sorted({*before, *after})
    table = np.array([[of[label] for label in labels] for of in (before, after)])
    if not (told := _shares(table, labels)):
        return Spread(name, "chi-square", _SAME_SHARES, None, *counts)
    p = None
    if len(labels) > 1 and table.any(axis=1).all():
        p = chi_square_test([table], rng_for(0, "diff", name)).p
    return Spread(name, "chi-square", f"{told}{_verdict(p)}", p, *counts)


def _shares(table: np.ndarray, labels: list[str]) -> str:
    """The labels whose shares of the rows changed most; empty where none did."""
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    order = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")
    moved = [index for index in order if shares[0, index] != shares[1, index]]
    told = [
        f"{labels[index] or '(none)'} {100 * shares[0, index]:.1f} % -> "
        f"{100 * shares[1, index]:.1f} %"
        for index in moved[:_MOST_TOLD]
    ]
    more = f" and {len(moved) - _MOST_TOLD} more" if len(moved) > _MOST_TOLD else ""
    return ", ".join(told) + more


def _of_numbers(name: str, unit: str, before: Counter[float], after: Counter[float]) -> Spread:
    medians = _median(before), _median(after)
    if before == after:
        return Spread(name, "Kolmogorov-Smirnov", "the same", None, *medians)
    if not before or not after:
        words = f"{before.total():,} rows have one -> {after.total():,}"
        return Spread(name, "Kolmogorov-Smirnov", words, None, *medians)
    distance, p = _kolmogorov_smirnov(before, after)
    if distance == 0:
        return Spread(name, "Kolmogorov-Smirnov", _SAME_SHARES, None, *medians)
    words = f"median {medians[0]:g} -> {medians[1]:g} {unit}".rstrip()
    words += f", {100 * distance:.1f} % of the rows lie elsewhere{_verdict(p)}"
    return Spread(name, "Kolmogorov-Smirnov", words, p, *medians)


def _median(counts: Counter[float]) -> float | None:
    """Of the rounded numbers; the lower one where two are in the middle."""
    middle = (counts.total() + 1) // 2
    for value in sorted(counts):
        middle -= counts[value]
        if middle <= 0:
            return value
    return None


def _kolmogorov_smirnov(before: Counter[float], after: Counter[float]) -> tuple[float, float]:
    """(the largest distance of the two cumulative shares, its p for large numbers of rows)."""
    values = sorted({*before, *after})
    shares = [
        np.cumsum([counts[value] for value in values]) / counts.total()
        for counts in (before, after)
    ]
    distance = float(np.abs(shares[0] - shares[1]).max())
    rows = before.total() * after.total() / (before.total() + after.total())
    return distance, float(stats.kstwobign.sf(distance * np.sqrt(rows)))


def _verdict(p: float | None) -> str:
    if p is None:
        return ""
    return f"; more than chance (p {p:.1g})" if p < CHANCE else f"; no more than chance (p {p:.2g})"
