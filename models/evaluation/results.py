"""Systems in rows, figures in columns: one table to read, to compute with and to look at."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from models.evaluation.tables import MISSING, decimal, markdown_table, percent


@dataclass(frozen=True, slots=True)
class Row:
    """A system and its scores, a dataclass a clip; `note` says why it has none."""

    system: str
    clips: tuple[Any, ...]
    parameters: int | None = None
    is_reference: bool = False  # what the others are measured against
    note: str = ""

    def scores(self, names: Sequence[str]) -> pd.DataFrame:
        """Some scores, a line a clip, NaN where a clip has none."""
        return pd.DataFrame(list(self.clips), columns=list(names), dtype=float)


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
    return lambda row: float(row.scores([name])[name].mean())


def share_of(part: str, whole: str) -> Callable[[Row], float]:
    """The sum over clips of one score divided by that of another, over those that have both."""

    def value(row: Row) -> float:
        sums = row.scores([part, whole]).dropna().sum()
        return float(sums[part] / sums[whole]) if sums[whole] else math.nan

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
    rows = [
        ({"table": table.title, "system": row.system}, row)
        for table in tables
        for row in table.rows
    ]
    summary = [
        names | {column.key: column.value(row) for column in columns} | {"note": row.note}
        for names, row in rows
    ]
    clips = [names | dataclasses.asdict(clip) for names, row in rows for clip in row.clips]
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("summary", summary), ("clips", clips)):
        pd.DataFrame(lines).to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")


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
