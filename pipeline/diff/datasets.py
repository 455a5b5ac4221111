"""Comparison of two datasets: config, counts, columns, distributions, rows.

Rows are joined by id in a temporary DuckDB file, which holds a hash of every column of every row;
so memory does not grow with the rows, however many there are and in whatever order they lie.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from glob import escape
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from models.errors import DataError
from pipeline.dataset.columns import present_schema
from pipeline.dataset.files import data_files, read_schema
from pipeline.dataset.light_rows import split_of_file
from pipeline.dataset.record import DatasetRecord, read_record
from pipeline.diff.distributions import COUNTED, Spread, SpreadCount, count_spreads, spreads_of
from pipeline.storage.shards import UNREADABLE, first_line

_SECTIONS = ("name", "seed", "config", "digests", "revision", "versions", "history")
_COUNTS = ("rows", "hours", "rejects", "splits")
_MOST_EXAMPLES = 5
_DATABASE: dict[str, Any] = {"memory_limit": "1GB", "preserve_insertion_order": False}


@dataclass(frozen=True, slots=True)
class Change:
    """A key of `build.json` by its dots, with its values in A and B; None where it is not there."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class RowChanges:
    """How many rows are in B alone, in A alone, in both and unlike, in both and alike.

    `columns` has the number of changed rows by column (`split` is which file they are in);
    `examples` are ids by `added`, `removed` and `changed`.
    """

    added: int
    removed: int
    changed: int
    same: int
    columns: Mapping[str, int]
    examples: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that differs between the datasets A and B."""

    made: tuple[Change, ...]
    counts: tuple[Change, ...]
    columns: tuple[Change, ...]
    spreads: tuple[Spread, ...]
    rows: RowChanges

    @property
    def is_same(self) -> bool:
        rows = self.rows
        return not (self.made or self.counts or self.columns) and not (
            rows.added or rows.removed or rows.changed
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"same": self.is_same}


def diff(before: Path, after: Path) -> Diff:
    """What changed from the dataset in the folder `before` to the one in `after`.

    Raises `DataError` when one is missing or damaged.
    """
    records = read_record(before), read_record(after)
    schemas = _columns(before), _columns(after)
    hashes = _hashes(schemas)
    named = [f"{hashed} AS h{index}" for index, hashed in enumerate(hashes.values(), start=1)]
    counts = []
    with (
        tempfile.TemporaryDirectory(prefix="voxloom-diff-") as folder,
        closing(duckdb.connect(Path(folder) / "rows.duckdb", config=_DATABASE)) as rows,
    ):
        for table, dataset in (("a", before), ("b", after)):
            try:
                counts.append(_load(rows, table, dataset, named))
            except (duckdb.Error, *UNREADABLE) as error:
                raise DataError(f"{dataset}: cannot be read ({first_line(error)})") from None
        changes = _row_changes(rows, ["split", *hashes])
    return Diff(
        made=tuple(_changes(*records, _SECTIONS)),
        counts=tuple(_changes(*records, _COUNTS)),
        columns=tuple(_of_keys(*schemas)),
        spreads=tuple(spreads_of(*counts)),
        rows=changes,
    )


def _changes(
    before: DatasetRecord, after: DatasetRecord, sections: Sequence[str]
) -> Iterator[Change]:
    """Of `sections`; one that is empty has no keys."""
    plain = ({name: asdict(record)[name] for name in sections} for record in (before, after))
    kept = (
        {name: value for name, value in made.items() if value not in ((), {})} for made in plain
    )
    yield from _of_keys(*(dict(_flat(made)) for made in kept))


def _of_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield Change(key, before.get(key), after.get(key))


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything in a JSON value; an empty list or object is a value."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, (list, tuple)) and value:
        for index, item in enumerate(value):
            yield from _flat(item, f"{key}[{index}]")
    else:
        yield key, value


def _columns(dataset: Path) -> dict[str, str]:
    """The columns of a dataset with their types."""
    files = data_files(dataset)
    if not files:
        raise DataError(f"{dataset}: has no data files")
    schema = present_schema(read_schema(files[0]))
    return dict(zip(schema.names, map(str, schema.types), strict=True))


def _load(
    rows: duckdb.DuckDBPyConnection, table: str, dataset: Path, hashes: Sequence[str]
) -> SpreadCount:
    """Write a line a row into `table`: id, split, `hashes`, counted columns; and count it."""
    columns = ", ".join([*hashes, *(f"{counted} AS {name}" for name, counted in COUNTED.items())])
    for number, path in enumerate(data_files(dataset)):
        made = f"INSERT INTO {table}" if number else f"CREATE TABLE {table} AS"
        split = split_of_file(path)
        rows.execute(
            f"{made} SELECT id, ? AS split, hash(?) AS h0, {columns} FROM {_source(path)}",
            [split, split, escape(str(path))],
        )
    return count_spreads(rows, table)


def _source(path: Path) -> str:
    """The rows of a file, named by a parameter, under the names that columns have now, and with
    all their fields."""
    found = read_schema(path)
    columns = (
        f'{_with_all_fields(before, now)} AS "{now.name}"'
        for before, now in zip(found, present_schema(found), strict=True)
    )
    return f"(SELECT {', '.join(columns)} FROM read_parquet(?, hive_partitioning = false))"


def _with_all_fields(before: pa.Field, now: pa.Field) -> str:
    """A column of a file in SQL, with null in the fields of a struct that it lacks."""
    if before.type == now.type:
        return f'"{before.name}"'
    there = {field.name for field in before.type}
    fields = (
        f"{field.name} := "
        + (f'"{before.name}".{field.name}' if field.name in there else "NULL::DOUBLE")
        for field in now.type
    )
    return f"struct_pack({', '.join(fields)})"


def _hashes(columns: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Column -> its hash in SQL, of those that both datasets have; where types differ, of the
    values as text.
    """
    first, second = columns
    return {
        name: f'hash("{name}")' if first[name] == second[name] else f'hash("{name}"::VARCHAR)'
        for name in first
        if name in second
    }


def _row_changes(rows: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> RowChanges:
    """`columns` are those whose hashes are called h0, h1 and so on."""
    unlike = [f"a.h{index} <> b.h{index}" for index in range(len(columns))]
    changed = " OR ".join(unlike)
    counts = ", ".join(f"count(*) FILTER ({which})" for which in (changed, *unlike))
    added, removed, shared, num_changed, *by_column = rows.execute(
        "SELECT count(*) FILTER (a.id IS NULL), count(*) FILTER (b.id IS NULL), "
        f"count(*) FILTER (a.id = b.id), {counts} FROM a FULL JOIN b ON a.id = b.id"
    ).fetchall()[0]
    named = sorted(zip(columns, by_column, strict=True), key=lambda item: -item[1])
    return RowChanges(
        added=added,
        removed=removed,
        changed=num_changed,
        same=shared - num_changed,
        columns={name: count for name, count in named if count},
        examples={
            "added": _first_ids(rows, "b ANTI JOIN a USING (id)"),
            "removed": _first_ids(rows, "a ANTI JOIN b USING (id)"),
            "changed": _first_ids(rows, f"a JOIN b USING (id) WHERE {changed}"),
        },
    )


def _first_ids(rows: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    found = rows.execute(f"SELECT id FROM {source} ORDER BY id LIMIT {_MOST_EXAMPLES}")
    return [row[0] for row in found.fetchall()]
