"""Rows are cut into files of bounded size; files are taken over whole, less some rows, or not."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.dataset.files import file_digest, read_rows
from pipeline.dataset.writer import SplitWriter, copy_data_file

SCHEMA = pa.schema(
    [("id", pa.string()), ("audio", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))]
)


def write(folder: Path, sizes: list[int], max_file_bytes: int) -> list[Path]:
    """A split `train` whose clips have these sizes in bytes."""
    (folder / "data").mkdir(parents=True)
    writer = SplitWriter(folder, "train", SCHEMA, max_file_bytes)
    for index, size in enumerate(sizes):
        writer.add({"id": f"r{index}", "audio": {"bytes": bytes(size), "path": ""}})
    writer.finish()
    return sorted((folder / "data").iterdir())


def ids_in(path: Path) -> list[str]:
    return [row["id"] for row in read_rows(path, ["id"])]


def test_files_are_cut_before_they_grow_too_large_and_numbered_when_all_are_there(
    tmp_path: Path,
) -> None:
    files = write(tmp_path, [40_000, 40_000, 40_000, 200_000, 10], max_file_bytes=100_000)
    assert [path.name for path in files] == [
        f"train-{number:05d}-of-00004.parquet" for number in range(4)
    ]
    assert [ids_in(path) for path in files] == [["r0", "r1"], ["r2"], ["r3"], ["r4"]]


def test_row_groups_are_bounded_in_rows_and_in_bytes(tmp_path: Path) -> None:
    (many,) = write(tmp_path / "many", [1] * 250, max_file_bytes=10**9)
    assert _group_sizes(many) == [100, 100, 50]
    (large,) = write(tmp_path / "large", [12_000_000] * 5, max_file_bytes=10**9)
    assert _group_sizes(large) == [2, 2, 1]


def _group_sizes(path: Path) -> list[int]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]


def test_a_file_is_taken_over_byte_by_byte_unless_rows_go(tmp_path: Path) -> None:
    (source,) = write(tmp_path, [10] * 3, max_file_bytes=10**6)
    digest = file_digest(source)
    assert copy_data_file(source, tmp_path / "whole", {"other"}, digest)
    assert file_digest(tmp_path / "whole") == digest
    assert copy_data_file(source, tmp_path / "some", {"r1"}, digest)
    assert ids_in(tmp_path / "some") == ["r0", "r2"]
    assert not copy_data_file(source, tmp_path / "none", {"r0", "r1", "r2"}, digest)
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_not_what_its_record_says_is_named(tmp_path: Path) -> None:
    (source,) = write(tmp_path, [10], max_file_bytes=10**6)
    with pytest.raises(DataError, match=f"{source}: is not the file that build.json describes"):
        copy_data_file(source, tmp_path / "copy", (), "0" * 64)
