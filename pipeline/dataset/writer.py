"""Files of a dataset: data files taken over and their final names, rejects."""

import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.dataset.columns import present_rows, present_schema
from pipeline.dataset.files import (
    BUILD_FILE,
    REJECTS_SCHEMA,
    data_file,
    file_digest,
    read_rows,
    read_schema,
)
from pipeline.records import Reject
from pipeline.storage.shards import UNREADABLE, first_line, parquet_options, reject_value

_GROUP_BYTES, _REJECT_OVERHEAD_BYTES = 32_000_000, 300


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
