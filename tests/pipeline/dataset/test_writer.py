"""Files are taken over whole, less some rows, or not."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.dataset.files import file_digest, read_rows
from pipeline.dataset.writer import copy_data_file

SCHEMA = pa.schema(
    [("id", pa.string()), ("audio", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))]
)


def write(folder: Path, num_rows: int) -> Path:
    """A data file of such rows."""
    rows = [{"id": f"r{n}", "audio": {"bytes": bytes(10), "path": ""}} for n in range(num_rows)]
    path = folder / "train-00000-of-00001.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return path


def ids_in(path: Path) -> list[str]:
    return [row["id"] for row in read_rows(path, ["id"])]


def test_a_file_is_taken_over_byte_by_byte_unless_rows_go(tmp_path: Path) -> None:
    source = write(tmp_path, 3)
    digest = file_digest(source)
    assert copy_data_file(source, tmp_path / "whole", {"other"}, digest)
    assert file_digest(tmp_path / "whole") == digest
    assert copy_data_file(source, tmp_path / "some", {"r1"}, digest)
    assert ids_in(tmp_path / "some") == ["r0", "r2"]
    assert not copy_data_file(source, tmp_path / "none", {"r0", "r1", "r2"}, digest)
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_not_what_its_record_says_is_named(tmp_path: Path) -> None:
    source = write(tmp_path, 1)
    with pytest.raises(DataError, match=f"{source}: is not the file that build.json describes"):
        copy_data_file(source, tmp_path / "copy", (), "0" * 64)
