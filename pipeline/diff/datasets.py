"""What changed between two datasets: what made them, how many, how spread, and which rows.

Rows are joined by id in a temporary SQLite file, which holds a hash of every column of every row;
so memory does not grow with the rows, however many there are and in whatever order they lie.
"""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.dataset.files import data_files, read_build, read_rows
from pipeline.diff.distributions import Spread, SpreadCount, spreads_of
from pipeline.storage.shards import first_line

_SECTIONS = ("name", "seed", "config", "digests", "revision", "versions", "history")
_COUNTS = ("rows", "hours", "rejects", "splits")
_HASH_BYTES = 8
_MOST_EXAMPLES = 5


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
    builds = read_build(before), read_build(after)
    schemas = _columns(before), _columns(after)
    shared = [name for name in schemas[0] if schemas[1].get(name)]
    counts = SpreadCount(), SpreadCount()
    with (
        tempfile.TemporaryDirectory(prefix="voxloom-diff-") as folder,
        closing(sqlite3.connect(Path(folder) / "rows.db")) as rows,
    ):
        _fill(rows, "a", before, shared, counts[0])
        _fill(rows, "b", after, shared, counts[1])
        changes = _row_changes(rows, ["split", *shared])
    return Diff(
        made=tuple(_changes(*builds, _SECTIONS)),
        counts=tuple(_changes(*builds, _COUNTS)),
        columns=tuple(_of_keys(*schemas)),
        spreads=tuple(spreads_of(*counts)),
        rows=changes,
    )


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], sections: Sequence[str]
) -> Iterator[Change]:
    flat = [
        dict(_flat({name: build[name] for name in sections if name in build}))
        for build in (before, after)
    ]
    yield from _of_keys(*flat)


def _of_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield Change(key, before.get(key), after.get(key))


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything in a JSON value; an empty list or object is a value."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _flat(item, f"{key}[{index}]")
    else:
        yield key, value


def _columns(dataset: Path) -> dict[str, str]:
    """The columns of a dataset with their types."""
    files = data_files(dataset)
    if not files:
        raise DataError(f"{dataset}: has no data files")
    try:
        schema = pq.read_schema(files[0])
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{files[0]}: cannot be read ({first_line(error)})") from None
    return {field.name: str(field.type) for field in schema}


def _fill(
    rows: sqlite3.Connection,
    table: str,
    dataset: Path,
    columns: Sequence[str],
    counts: SpreadCount,
) -> None:
    """Write the hashes of all rows into `table`, and count what is in them."""
    rows.execute("PRAGMA journal_mode = OFF")
    rows.execute("PRAGMA synchronous = OFF")
    rows.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, hashes BLOB) WITHOUT ROWID")
    insert = f"INSERT OR REPLACE INTO {table} VALUES (?, ?)"
    rows.executemany(insert, _hashed(dataset, columns, counts))
    rows.commit()


def _hashed(
    dataset: Path, columns: Sequence[str], counts: SpreadCount
) -> Iterator[tuple[str, bytes]]:
    """(id, the hashes of the split and of `columns` one after the other) of every row."""
    for path in data_files(dataset):
        split = path.name.partition("-")[0]
        for row in read_rows(path):
            counts.add(row, split)
            values = [split, *(row[name] for name in columns)]
            yield row["id"], b"".join(_hash(value) for value in values)


def _hash(value: Any) -> bytes:
    """Of a plain value; equal values are written alike by `repr`, NaN too. Audio by its bytes."""
    if isinstance(value, Mapping) and isinstance(value.get("bytes"), bytes):
        digest = blake2b(value["bytes"], digest_size=_HASH_BYTES)
        digest.update(repr(value.get("path")).encode())
        return digest.digest()
    return blake2b(repr(value).encode(), digest_size=_HASH_BYTES).digest()


def _row_changes(rows: sqlite3.Connection, columns: Sequence[str]) -> RowChanges:
    totals = {table: _count(rows, f"FROM {table}") for table in ("a", "b")}
    shared = _count(rows, "FROM a JOIN b USING (id)")
    by_column, examples = Counter[str](), list[str]()
    changed = 0
    found = rows.execute(
        "SELECT id, a.hashes, b.hashes FROM a JOIN b USING (id) WHERE a.hashes != b.hashes "
        "ORDER BY id"
    )
    for row_id, before, after in found:
        changed += 1
        if len(examples) < _MOST_EXAMPLES:
            examples.append(row_id)
        for index, name in enumerate(columns):
            part = slice(index * _HASH_BYTES, (index + 1) * _HASH_BYTES)
            by_column[name] += before[part] != after[part]
    return RowChanges(
        added=totals["b"] - shared,
        removed=totals["a"] - shared,
        changed=changed,
        same=shared - changed,
        columns={name: count for name, count in by_column.most_common() if count},
        examples={
            "added": _alone(rows, "b", "a"),
            "removed": _alone(rows, "a", "b"),
            "changed": examples,
        },
    )


def _count(rows: sqlite3.Connection, source: str) -> int:
    return int(rows.execute(f"SELECT COUNT(*) {source}").fetchone()[0])


def _alone(rows: sqlite3.Connection, table: str, other: str) -> list[str]:
    """The first ids of `table` that `other` lacks."""
    found = rows.execute(
        f"SELECT id FROM {table} WHERE id NOT IN (SELECT id FROM {other}) "
        f"ORDER BY id LIMIT {_MOST_EXAMPLES}"
    )
    return [row[0] for row in found]
