"""A large dataset out of a small one: its rows again and again under new ids, for measuring.

Sounds are the first clip's, so that a million rows fit on a disk; texts, speakers, noise and all
else are those of the rows, in one split. It is no dataset that `voxloom verify` would pass.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.build_record import write_build
from pipeline.dataset.files import DATA, REJECTS_FILE, data_file, data_files, read_build

_FILE_ROWS = 50_000
_GROUP_ROWS = 100  # as a build writes them


def repeat_dataset(source: Path, to: Path, num_rows: int) -> Path:
    """Write `num_rows` rows of the dataset `source` to the new folder `to`, and return that."""
    (to / DATA).mkdir(parents=True)
    tables = pa.concat_tables([pq.read_table(path) for path in data_files(source)])
    sound = min(tables["audio"].to_pylist(), key=lambda audio: len(audio["bytes"]))
    sounds = pa.array([sound] * len(tables), tables.schema.field("audio").type)
    tables = tables.set_column(tables.schema.get_field_index("audio"), "audio", sounds)
    tables = pa.concat_tables([tables] * -(-2 * _GROUP_ROWS // len(tables)))
    num_files = -(-num_rows // _FILE_ROWS)
    for index in range(num_files):
        count = min(_FILE_ROWS, num_rows - index * _FILE_ROWS)
        path = to / data_file("train", index, num_files)
        _write_file(path, tables, index * _FILE_ROWS, count)
    record = read_build(source) | {"rows": num_rows, "splits": {"train": {"rows": num_rows}}}
    record["hours"] = record["splits"]["train"]["hours"] = 0.0
    write_build(to, record)
    (to / REJECTS_FILE).write_bytes((source / REJECTS_FILE).read_bytes())
    return to


def _write_file(path: Path, rows: pa.Table, first: int, count: int) -> None:
    id_column = rows.schema.get_field_index("id")
    with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
        for start in range(0, count, _GROUP_ROWS):
            size = min(_GROUP_ROWS, count - start)
            offset = (first + start) % max(1, len(rows) - size)
            group = rows.slice(offset, size)
            ids = [
                f"{row_id}-{first + start + n}" for n, row_id in enumerate(group["id"].to_pylist())
            ]
            writer.write_table(group.set_column(id_column, "id", pa.array(ids)))
