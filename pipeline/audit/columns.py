"""The columns that an audit compares: drawn parameters, and the labels they may depend on.

Drawn are the parameters in the column `augmentations`, whether each of its links was applied at
all, and the prosody controls. Labels are what a model may learn, and the position of a row.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.dataset.columns import audited, names_in, present_rows
from pipeline.dataset.files import data_files
from pipeline.dataset.light_rows import LightRows, split_of_file
from pipeline.randomness import rng_for
from pipeline.records import SILENCE
from pipeline.storage.shards import UNREADABLE, first_line

POSITION = "position in the dataset"
OTHERS = "(others)"
HOW_MANY = "how many"  # items there are in the lists of a link
_TENTHS = 10
MOST_LEVELS = 100  # in a table; the rarer ones count as one
_FEW_VALUES = 12  # a column of numbers that has no more is one of labels
_MOST_SLOTS, _MOST_SLOT_VALUES = 12, 20
_LEAST_ROWS = 20
_NO_DRAWN_VOICE = (SILENCE, "recordings")


@dataclass(frozen=True, slots=True)
class Column:
    """One column, for the rows that have a value in it.

    `rows` (n,) are their numbers, rising. `values` (n,) are numbers, or codes from 0 where
    `levels` names what they stand for.
    """

    name: str
    rows: np.ndarray
    values: np.ndarray
    levels: tuple[str, ...] | None = None

    def within(self, rows: np.ndarray) -> "Column":
        """Of these rows only, of which all must have a value."""
        return Column(self.name, rows, self.values[np.searchsorted(self.rows, rows)], self.levels)


@dataclass(frozen=True, slots=True)
class AugmentationLog:
    """The column `augmentations`, taken apart.

    `applied` tells for each link to which rows it was applied (N,), `drawn` holds a column for
    each of its parameters, named `link.parameter`.
    """

    applied: Mapping[str, np.ndarray]
    drawn: Mapping[str, Column]


def read_light_columns(dataset: Path, most: int | None = None, seed: int = 0) -> pa.Table:
    """What the audit looks at, of all rows in their order, with their `split`; no audio. Of more
    than `most` rows so many, drawn by `seed`.

    Raises `DataError` naming the file that is damaged or was made by an older version.
    """
    tables, total = [], len(LightRows.of(dataset, ()))
    chosen = np.arange(total)
    if most is not None and total > most:
        chosen = np.sort(rng_for(seed, "audit", "rows").permutation(total)[:most])
    for path in data_files(dataset):
        try:
            known = pq.read_schema(path).names
            wanted = names_in(known, audited("read", "voice", "label"))
            missing = [name for name in wanted if name not in known]
            if missing:
                raise DataError(f"{path}: has no column `{missing[0]}`; build the dataset again")
            table = present_rows(pq.read_table(path, columns=wanted))
        except UNREADABLE as error:
            raise DataError(f"{path}: cannot be read ({first_line(error)})") from error
        end = int(np.searchsorted(chosen, len(table)))
        own, chosen = table.take(chosen[:end]), chosen[end:] - len(table)
        split = split_of_file(path)
        tables.append(own.append_column("split", pa.array([split] * len(own), pa.string())))
    if not tables:
        raise DataError(f"{dataset}: has no rows to audit")
    return pa.concat_tables(tables)


def read_log(table: pa.Table) -> AugmentationLog:
    """Every link, and every parameter that any row has: numbers, words, and lists of these.

    The second link of a kind in a row is called `link 2`, the second item of a list `name[1]`,
    and how many there are of them `link.how many`.
    """
    chunk = table["augmentations"].combine_chunks()
    rows = pc.list_parent_indices(chunk).to_pylist()
    entries = pc.list_flatten(chunk)
    links = pc.struct_field(entries, "link").to_pylist()
    parameters = pc.struct_field(entries, "parameters").to_pylist()
    applied: dict[str, np.ndarray] = {}
    found: dict[str, tuple[list[int], list[object]]] = defaultdict(lambda: ([], []))
    for row, kind, text in zip(rows, links, parameters, strict=True):
        link = _name_in(row, kind, applied)
        applied.setdefault(link, np.zeros(len(table), dtype=bool))[row] = True
        for name, value in _plain(json.loads(text)):
            row_indices, values = found[f"{link}.{name}"]
            row_indices.append(row)
            values.append(value)
    drawn = {name: column_of(name, *found[name]) for name in sorted(found)}
    return AugmentationLog(dict(sorted(applied.items())), drawn)


def voice_columns(table: pa.Table) -> Iterator[Column]:
    """Speaker and prosody controls of the rows with a drawn voice: without recordings and
    rows without speech."""
    sources = table["source"].to_pylist()
    rows = [row for row, source in enumerate(sources) if source not in _NO_DRAWN_VOICE]
    spoken = table.take(pa.array(rows, pa.int64()))
    for name in audited("voice"):
        yield column_of(name, rows, spoken[name].to_pylist())


def label_columns(table: pa.Table) -> Iterator[Column]:
    """The labels that no draw may depend on; one column per slot, of its frequent values."""
    for name in (*audited("label"), "split"):
        if name == "slots":
            yield from _slot_columns(table)
        elif name == "negative":
            kinds = pc.struct_field(table[name].combine_chunks(), "kind").to_pylist()
            yield column_of("negative.kind", range(len(table)), kinds)
        else:
            yield column_of(name, range(len(table)), table[name].to_pylist())
    yield _position_column(table)


def column_of(name: str, rows: Sequence[int], values: Sequence[object]) -> Column:
    """A column of numbers where all values are and there are many, else one of labels."""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if numbers and len(set(values)) > _FEW_VALUES:
        return Column(name, np.asarray(rows), np.asarray(values, dtype=np.float64))
    return _labels(name, rows, [level_name(value) for value in values])


def pooled(column: Column, most: int = MOST_LEVELS) -> Column:
    """The same with the rarest of more than `most` levels counted as one."""
    if column.levels is None or len(column.levels) <= most:
        return column
    counts = np.bincount(column.values, minlength=len(column.levels))
    kept = np.sort(np.argsort(-counts, kind="stable")[: most - 1])
    codes = np.full(len(column.levels), len(kept))
    codes[kept] = np.arange(len(kept))
    levels = (*(column.levels[code] for code in kept), OTHERS)
    return Column(column.name, column.rows, codes[column.values], levels)


def as_numbers(column: Column) -> np.ndarray:
    """The values (n,) as numbers, also of a column with so few that they count as labels."""
    if column.levels is None:
        return column.values
    return np.array([float(level) for level in column.levels])[column.values]


def level_name(value: object) -> str:
    """The name of a value as a label."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.12g}" if is_number else str(value)


def _name_in(row: int, kind: str, applied: Mapping[str, np.ndarray]) -> str:
    """The name of the next link of a kind, in a row that may have some already."""
    link, number = kind, 1
    while link in applied and applied[link][row]:
        number += 1
        link = f"{kind} {number}"
    return link


def _plain(parameters: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    lists = {name: value for name, value in parameters.items() if isinstance(value, list)}
    for name, items in lists.items():
        yield from ((f"{name}[{index}]", item) for index, item in enumerate(items))
    if lists:
        yield HOW_MANY, len(next(iter(lists.values())))
    for name, value in parameters.items():
        if isinstance(value, str | int | float):
            yield name, value


def _slot_columns(table: pa.Table) -> Iterator[Column]:
    """The first value a row has of each of the slots that most rows have."""
    chunk = table["slots"].combine_chunks()
    entries = pc.list_flatten(chunk)
    names = pc.struct_field(entries, "name").to_pylist()
    values = pc.struct_field(entries, "value").to_pylist()
    found: dict[str, dict[int, str]] = defaultdict(dict)
    rows = pc.list_parent_indices(chunk).to_pylist()
    for row, name, value in zip(rows, names, values, strict=True):
        found[name].setdefault(row, value.casefold())
    frequent = sorted(found, key=lambda name: (-len(found[name]), name))[:_MOST_SLOTS]
    for name in sorted(frequent):
        slot = found[name]
        if len(slot) >= _LEAST_ROWS:
            row_indices = sorted(slot)
            texts = [slot[row] for row in row_indices]
            yield pooled(_labels(f"slot {name}", row_indices, texts), _MOST_SLOT_VALUES)


def _position_column(table: pa.Table) -> Column:
    """In which tenth of its split a row lies."""
    splits = np.asarray(table["split"].to_pylist())
    tenths = np.zeros(len(splits), dtype=np.int64)
    for split in dict.fromkeys(splits.tolist()):
        inside = np.flatnonzero(splits == split)
        tenths[inside] = np.arange(len(inside)) * _TENTHS // len(inside)
    levels = tuple(f"tenth {index + 1}" for index in range(_TENTHS))
    return Column(POSITION, np.arange(len(splits)), tenths, levels)


def _labels(name: str, rows: Sequence[int], texts: Iterable[str]) -> Column:
    levels, codes = np.unique(np.asarray(list(texts), dtype=object), return_inverse=True)
    return Column(name, np.asarray(rows), codes, tuple(levels.tolist()))
