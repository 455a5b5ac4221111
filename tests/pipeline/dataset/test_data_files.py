"""Rows are cut into files and row groups of bounded size, however they lie in parts."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.dataset import pieces
from pipeline.dataset.data_files import Destination, SplitRule, write_data_files
from pipeline.dataset.files import file_digest, read_rows
from pipeline.dataset.manifest import write_part
from pipeline.dataset.pieces import Each, one_by_one
from tests.pipeline.synthetic_build import rows_of


def two_at_a_time(make: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(make, reversed(pieces)))[::-1]


def write(
    folder: Path,
    sizes: list[int],
    max_file_bytes: int,
    part_size: int = 1000,
    each: Each = one_by_one,
) -> list[Path]:
    """A split `train` whose clips have these sizes in bytes."""
    (folder / "data").mkdir(parents=True)
    rows = [
        row | {"audio": {"bytes": bytes(size), "path": ""}}
        for size, row in zip(sizes, rows_of(range(len(sizes))), strict=True)
    ]
    parts = [
        write_part(folder / f"{start}.parquet", rows[start : start + part_size])
        for start in range(0, len(rows), part_size)
    ]
    rule = SplitRule(lambda part: {}, 1, {"train": 1.0}, {})
    write_data_files(parts, rule, Destination(folder, folder, (), max_file_bytes), each)
    return sorted((folder / "data").iterdir())


def ids_in(path: Path) -> list[int]:
    return [int(row["id"].rpartition("-")[2], 16) for row in read_rows(path, ["id"])]


def test_files_are_cut_before_they_grow_too_large_and_numbered_when_all_are_there(
    tmp_path: Path,
) -> None:
    files = write(tmp_path, [40_000, 40_000, 40_000, 200_000, 10], max_file_bytes=100_000)
    assert [path.name for path in files] == [
        f"train-{number:05d}-of-00004.parquet" for number in range(4)
    ]
    assert [ids_in(path) for path in files] == [[0, 1], [2], [3], [4]]


def test_row_groups_are_bounded_in_rows_and_in_bytes(tmp_path: Path) -> None:
    (many,) = write(tmp_path / "many", [1] * 250, max_file_bytes=10**9)
    assert _group_sizes(many) == [100, 100, 50]
    (large,) = write(tmp_path / "large", [12_000_000] * 5, max_file_bytes=10**9)
    assert _group_sizes(large) == [2, 2, 1]


def _group_sizes(path: Path) -> list[int]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]


def test_files_do_not_depend_on_parts_groups_and_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [1 + 700 * (index % 13) for index in range(230)]
    whole = write(tmp_path / "whole", sizes, max_file_bytes=300_000)
    monkeypatch.setattr(pieces, "MAX_GROUPS", 3)
    cut = write(tmp_path / "cut", sizes, 300_000, part_size=17, each=two_at_a_time)
    assert len(whole) > 3
    assert [file_digest(path) for path in cut] == [file_digest(path) for path in whole]
