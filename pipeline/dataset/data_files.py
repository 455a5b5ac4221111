"""Data files of a sealed build, as a tree: groups of parts are looked at, one pass over what was
seen says which rows stand in which file, and each file is written by itself.

So parts are read and files written by any number of workers, and what is held of a row in between
is its place.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.atomic import naming_full_disk
from models.errors import DataError
from pipeline.bits_by_hash import BitsByHash
from pipeline.dataset.columns import KEPT_AUDIO
from pipeline.dataset.files import DATA
from pipeline.dataset.manifest import dataset_schema, read_part_table
from pipeline.dataset.pieces import Each, in_groups
from pipeline.dataset.writer import name_data_files
from pipeline.splits import split_of
from pipeline.storage.shards import parquet_options, read_table, write_table

# Bounds on a row group: what a reader must hold in memory at once, and what the hub's viewer likes.
_GROUP_ROWS, _GROUP_BYTES = 100, 32_000_000
_ROW_OVERHEAD_BYTES = 2_000
_PLACES = "places of rows"  # what is written of a group
_MARKED = ""  # in place of the split of a row that is left out


@dataclass(frozen=True)
class SplitRule:
    """Which split a row belongs to: as `splits_in` says for the rows of a part, by id, else drawn;
    rows in `marks` are left out.
    """

    splits_in: Callable[[Path], Mapping[str, str]]
    seed: int
    shares: Mapping[str, float]
    marks: Mapping[str, str]

    def splits_of(self, part: Path, ids: Sequence[str]) -> list[str]:
        decided = self.splits_in(part)
        return [
            _MARKED if id in self.marks else decided.get(id) or split_of(id, self.seed, self.shares)
            for id in ids
        ]


@dataclass(frozen=True)
class Group:
    """Parts of which one worker looks at all, and where it writes what it saw."""

    parts: Sequence[Path]
    rule: SplitRule
    places: Path


@dataclass(frozen=True)
class Destination:
    """Files of at most `max_file_bytes` go into the folder `staging` of what will be `dataset`;
    `kept` are the columns of audio beside `audio`, and `drop` is the file of the marks.
    """

    staging: Path
    dataset: Path
    kept: Sequence[str]
    max_file_bytes: int
    drop: Path | None = None


@dataclass
class DataFile:
    """A file to be written: the places of its rows in parts, in their order."""

    path: Path
    split: str
    sample_rate: int
    into: Destination
    rows: dict[Path, "array[int]"] = field(default_factory=dict)
    num_bytes: int = 0


def write_data_files(
    parts: Sequence[Path], rule: SplitRule, into: Destination, each: Each
) -> list[Path]:
    """Write the rows of `parts`, in their order, into data files; returns the parts that hold
    marked rows. `each` runs the work on groups of parts, and then on files.

    Raises `DataError` where an id occurs twice, naming the part, and where no row is left.
    """
    groups = [
        Group(some, rule, into.staging / f"{number:08d}.places")
        for number, some in enumerate(in_groups(parts))
    ]
    each(look_at, groups)
    planned = _Planned(into)
    for group in groups:
        planned.add(group)
        group.places.unlink()
    if not planned.files:
        why = f"{into.drop} marks all" if planned.with_marked else "every utterance was rejected"
        raise DataError(f"{into.dataset}: no row is left to publish: {why}")
    each(write_file, planned.files)
    name_data_files(into.staging, [(file.split, file.path) for file in planned.files])
    return planned.with_marked


def look_at(group: Group) -> None:
    """Write the id, split, size in bytes and sample rate of every row of the group's parts."""
    tables = []
    for number, part in enumerate(group.parts):
        table = read_part_table(part, ["id", "audio", "sample_rate", *KEPT_AUDIO])
        ids = table["id"]
        tables.append(
            pa.table(
                {
                    "id": ids,
                    "part": pa.array([number] * len(ids), pa.int32()),
                    "split": pa.array(group.rule.splits_of(part, ids.to_pylist()), pa.string()),
                    "bytes": pa.array(_row_bytes(table), pa.int64()),
                    "sample_rate": table["sample_rate"],
                }
            )
        )
    with naming_full_disk(group.places):
        write_table(group.places, pa.concat_tables(tables).combine_chunks(), _PLACES)


def _row_bytes(table: pa.Table) -> list[int]:
    sizes = [_ROW_OVERHEAD_BYTES] * len(table)
    for name in ("audio", *KEPT_AUDIO):
        if name in table.column_names:
            lengths = pc.binary_length(pc.struct_field(table[name], "bytes")).to_pylist()
            sizes = [size + (length or 0) for size, length in zip(sizes, lengths, strict=True)]
    return sizes


class _Planned:
    """Which rows stand in which file: each split's in order, in files of bounded size."""

    def __init__(self, into: Destination) -> None:
        self._into = into
        self._seen = BitsByHash()
        self._latest: dict[str, DataFile] = {}
        self.files: list[DataFile] = []
        self.with_marked: list[Path] = []

    def add(self, group: Group) -> None:
        columns = read_table(group.places, _PLACES, None).to_pydict()
        place, last = 0, -1
        for id, number, split, size, rate in zip(*columns.values(), strict=True):
            place, last = (place + 1, last) if number == last else (0, number)
            part = group.parts[number]
            if self._seen.mark(id):
                raise DataError(f"{part}: row {id}: this id occurs more than once")
            if split != _MARKED:
                file = self._file_for(split, size, rate)
                file.rows.setdefault(part, array("I")).append(place)
                file.num_bytes += size
            elif part not in self.with_marked[-1:]:
                self.with_marked.append(part)

    def _file_for(self, split: str, size: int, sample_rate: int) -> DataFile:
        """The latest of the split, or a new one where it would grow too large."""
        latest = self._latest.get(split)
        if latest is not None and latest.num_bytes + size <= self._into.max_file_bytes:
            return latest
        path = self._into.staging / DATA / f"{split}-{len(self.files):08d}.part"
        first_rate = latest.sample_rate if latest else sample_rate
        self._latest[split] = DataFile(path, split, first_rate, self._into)
        self.files.append(self._latest[split])
        return self._latest[split]


def write_file(file: DataFile) -> None:
    """Write a data file, in row groups of bounded size."""
    schema = dataset_schema(file.sample_rate, file.into.kept)
    with (
        naming_full_disk(file.into.dataset),
        pq.ParquetWriter(file.path, schema, **parquet_options(schema)) as writer,
    ):
        for group in _row_groups(_chosen(file, schema)):
            writer.write_table(group)


def _chosen(file: DataFile, schema: pa.Schema) -> Iterator[pa.Table]:
    for part, places in file.rows.items():
        rows = read_part_table(part, schema.names).take(pa.array(places))
        yield rows.select(schema.names).cast(schema)


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of `tables`, in tables as large as a row group may be."""
    gathered, num_rows, num_bytes = list[pa.Table](), 0, 0
    for table in tables:
        start = 0
        for index, size in enumerate(_row_bytes(table)):
            if num_rows and (num_rows >= _GROUP_ROWS or num_bytes + size > _GROUP_BYTES):
                gathered.append(table.slice(start, index - start))
                yield pa.concat_tables(gathered).combine_chunks()
                gathered, start, num_rows, num_bytes = [], index, 0, 0
            num_rows, num_bytes = num_rows + 1, num_bytes + size
        gathered.append(table.slice(start))
    yield pa.concat_tables(gathered).combine_chunks()
