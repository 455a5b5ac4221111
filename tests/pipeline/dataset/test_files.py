"""Reading the data files of a dataset."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.files import read_rows


def test_rows_are_read_in_memory_that_does_not_grow(tmp_path: Path) -> None:
    schema, path = pa.schema([("id", pa.string()), ("audio", pa.binary())]), tmp_path / "rows"
    with pq.ParquetWriter(path, schema, compression="NONE", write_page_checksum=True) as writer:
        for _ in range(30):
            rows = [{"id": "a", "audio": os.urandom(20_000)} for _ in range(50)]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in read_rows(path)]
    assert len(held) == 1500
    assert max(held) < 5_000_000
