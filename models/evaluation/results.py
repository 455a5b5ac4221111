"""Systems in rows, figures in columns: one table to read, to compute with and to look at."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models.evaluation.tables import MISSING, decimal, markdown_table, percent, write_csv


@dataclass(frozen=True, slots=True)
class Row:
    """A system and its scores, a dataclass a clip; `note` says why it has none."""

    system: str
    clips: tuple[Any, ...]
    parameters: int | None = None
    is_reference: bool = False  # what the others are measured against
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that were measured on the same clips."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of a row; `better` is which way is up, if either is."""

    key: str  # in CSV
    title: str
    value: Callable[[Row], float]  # NaN where there is none
    unit: Literal["", "percent", "count"] = ""
    places: int = 2
    better: Literal["lower", "higher", "near 1", ""] = ""

    def loss(self, row: Row) -> float:
        """The smaller, the better."""
        value = self.value(row)
        return {"higher": -value, "near 1": abs(value - 1)}.get(self.better, value)

    def shown(self, row: Row) -> str:
        value = self.value(row)
        if math.isnan(value):
            return MISSING
        if self.unit == "count":
            return f"{value / 1e6:.2f} M" if value else "0"
        return percent(value) if self.unit == "percent" else decimal(value, self.places)


def mean_of(name: str) -> Callable[[Row], float]:
    """The mean over clips of a score, over those that have it."""

    def value(row: Row) -> float:
        found = [float(getattr(clip, name)) for clip in row.clips]
        found = [one for one in found if not math.isnan(one)]
        return sum(found) / len(found) if found else math.nan

    return value


def share_of(part: str, whole: str) -> Callable[[Row], float]:
    """The sum over clips of one score divided by that of another, over those that have both."""

    def value(row: Row) -> float:
        pairs = [(float(getattr(clip, part)), float(getattr(clip, whole))) for clip in row.clips]
        pairs = [pair for pair in pairs if not any(map(math.isnan, pair))]
        total = sum(whole for _, whole in pairs)
        return sum(part for part, _ in pairs) / total if total else math.nan

    return value


def parameters_of(row: Row) -> float:
    return math.nan if row.parameters is None else float(row.parameters)


def markdown(table: Table, columns: Sequence[Column]) -> str:
    """A heading, the table without its empty columns, and notes on rows without figures."""
    full = [one for one in columns if not all(math.isnan(one.value(row)) for row in table.rows)]
    header = ("system", *(column.title for column in full))
    cells = [[row.system, *(column.shown(row) for column in full)] for row in table.rows]
    notes = [f"- {row.system}: {row.note}" for row in table.rows if row.note]
    parts = [f"### {table.title}", markdown_table(header, cells)]
    return "\n\n".join([*parts, "\n".join(notes)] if notes else parts)


def compare(table: Table, column: Column) -> str:
    """On how many clips each row has a better figure than the row above it; empty for one row."""
    rows = [row for row in table.rows if row.clips and not row.is_reference]
    found = []
    for worse, better in itertools.pairwise(rows):
        gains = [
            column.loss(Row("", (theirs,))) - column.loss(Row("", (ours,)))
            for ours, theirs in zip(better.clips, worse.clips, strict=True)
        ]
        measured = [gain for gain in gains if not math.isnan(gain)]
        if measured:
            count = sum(gain > 0 for gain in measured)
            found.append(f"{better.system} on {count} of {len(measured)}")
    if not found:
        return ""
    return f"{column.title}, clips on which each is better than the row above: {', '.join(found)}"


def write_tables(tables: Sequence[Table], columns: Sequence[Column], folder: Path) -> None:
    """`summary.csv`, a line a row, and `clips.csv`, a line a row and clip."""
    summary = [
        (table.title, row.system, *(_plain(column.value(row)) for column in columns), row.note)
        for table in tables
        for row in table.rows
    ]
    header = ("table", "system", *(column.key for column in columns), "note")
    write_csv(folder / "summary.csv", header, summary)
    clips = [
        (table.title, row.system, *(_plain(value) for value in dataclasses.astuple(clip)))
        for table in tables
        for row in table.rows
        for clip in row.clips
    ]
    scores = next((row.clips[0] for table in tables for row in table.rows if row.clips), None)
    names = [field.name for field in dataclasses.fields(scores)] if scores else []
    write_csv(folder / "clips.csv", ("table", "system", *names), clips)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value


def row_names(checkpoints: Sequence[str]) -> list[str]:
    """Short names of checkpoints: a run's folder without `best` or `last`; whole where two would
    be the same.
    """
    short = []
    for name in checkpoints:
        parts = Path(name).parts
        short.append(parts[-2] if len(parts) > 1 and parts[-1] in ("best", "last") else parts[-1])
    return [
        name if short.count(brief) > 1 else brief
        for name, brief in zip(checkpoints, short, strict=True)
    ]
