"""Data files of a dataset: rows written into them, whole files taken over, their final names."""

import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.dataset.columns import KEPT_AUDIO, present_rows, present_schema
from pipeline.dataset.files import (
    BUILD_FILE,
    DATA,
    REJECTS_SCHEMA,
    data_file,
    file_digest,
    read_rows,
    read_schema,
)
from pipeline.dataset.manifest import Row
from pipeline.records import Reject
from pipeline.storage.shards import UNREADABLE, first_line, parquet_options, reject_value

# Bounds on a row group: what a reader must hold in memory at once, and what the hub's viewer likes.
_GROUP_ROWS, _GROUP_BYTES = 100, 32_000_000
_ROW_OVERHEAD_BYTES, _REJECT_OVERHEAD_BYTES = 2_000, 300


class SplitWriter:
    """Writes one split's rows into files of bounded size and row groups of bounded memory.

    Files get their final names at the end, when their number is known.
    """

    def __init__(self, staging: Path, split: str, schema: pa.Schema, max_file_bytes: int) -> None:
        self.staging = staging
        self.split = split
        self.schema = schema
        self.max_file_bytes = max_file_bytes
        self._files: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._group: list[Row] = []
        self._group_bytes = 0
        self._file_bytes = 0

    def add(self, row: Row) -> None:
        clips = [row.get(name) for name in ("audio", *KEPT_AUDIO)]
        size = sum(len(audio["bytes"]) for audio in clips if audio) + _ROW_OVERHEAD_BYTES
        if self._file_bytes and self._file_bytes + size > self.max_file_bytes:
            self._end_file()
        elif len(self._group) >= _GROUP_ROWS or self._group_bytes + size > _GROUP_BYTES:
            self._end_group()
        self._group.append(row)
        self._group_bytes += size
        self._file_bytes += size

    def finish(self) -> None:
        self._end_file()
        name_data_files(self.staging, [(self.split, path) for path in self._files])

    def _end_group(self) -> None:
        if not self._group:
            return
        if self._writer is None:
            path = self.staging / DATA / f"{self.split}-{len(self._files):05d}.part"
            self._writer = pq.ParquetWriter(path, self.schema, **parquet_options(self.schema))
            self._files.append(path)
        self._writer.write_table(pa.Table.from_pylist(self._group, schema=self.schema))
        self._group, self._group_bytes = [], 0

    def _end_file(self) -> None:
        self._end_group()
        if self._writer is not None:
            self._writer.close()
        self._writer, self._file_bytes = None, 0


def name_data_files(staging: Path, parts: Sequence[tuple[str, Path]]) -> list[str]:
    """Give `parts`, (split, file under a name of its own), the names that their number asks for;
    returns these, within the dataset.
    """
    counts, numbers = Counter(split for split, _ in parts), Counter[str]()
    names = []
    for split, path in parts:
        names.append(data_file(split, numbers[split], counts[split]))
        path.rename(staging / names[-1])
        numbers[split] += 1
    return names


def copy_data_file(source: Path, part: Path, without: Collection[str], sha256: str) -> bool:
    """Link or copy `source`, or write it anew: `without` some rows, or where a column has a former
    name. False where no row would be left.

    Raises `DataError` naming the file where it is damaged: `sha256` is its digest by its record.
    """
    ids = [row["id"] for row in read_rows(source, ["id"])] if without else []
    if not _has_former_names(source) and not any(id in without for id in ids):
        try:
            os.link(source, part)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(source, part)
        if file_digest(part) != sha256:
            raise DataError(f"{source}: is not the file that {BUILD_FILE} describes (sha256)")
        return True
    if ids and all(id in without for id in ids):
        return False
    try:
        _copy_rows(source, part, without)
    except UNREADABLE as error:
        raise DataError(f"{source}: cannot be copied ({first_line(error)})") from error
    return True


def _has_former_names(source: Path) -> bool:
    schema = read_schema(source)
    return present_schema(schema) is not schema


def _copy_rows(source: Path, part: Path, without: Collection[str]) -> None:
    """Row group by row group."""
    unwanted = pa.array(sorted(without), pa.string())
    with pq.ParquetFile(source, page_checksum_verification=True) as file:
        schema = present_schema(file.schema_arrow)
        with pq.ParquetWriter(part, schema, **parquet_options(schema)) as writer:
            for group in range(file.num_row_groups):
                table = present_rows(file.read_row_group(group))
                kept = table.filter(pc.invert(pc.is_in(table["id"], value_set=unwanted)))
                if kept.num_rows:
                    writer.write_table(kept)


def write_rejects(path: Path, rejects: Iterable[Reject]) -> int:
    """Write `rejects.parquet`, of rejects in the order of `reject_order`; returns how many."""
    names = REJECTS_SCHEMA.names
    compression = {name: "NONE" if name == "audio" else "ZSTD" for name in names}
    count = 0
    with pq.ParquetWriter(
        path, REJECTS_SCHEMA, compression=compression, write_page_checksum=True
    ) as writer:
        for group in _groups_of(rejects):
            rows = [{"id": item.id} | reject_value(item) for item in group]
            writer.write_table(pa.Table.from_pylist(rows, schema=REJECTS_SCHEMA))
            count += len(group)
    return count


def _groups_of(rejects: Iterable[Reject]) -> Iterator[list[Reject]]:
    """At least one, and each of bounded memory."""
    group, size = list[Reject](), 0
    for reject in rejects:
        if size > _GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(reject)
        size += len(reject.audio) + _REJECT_OVERHEAD_BYTES
    yield group
