"""`build.json` is read into types; what it lacks is named by its key."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from models.errors import DataError
from pipeline.dataset.files import read_build
from pipeline.dataset.record import (
    SplitSize,
    in_common,
    read_record,
    read_whole_record,
    typed,
    with_files,
)
from tests.pipeline.synthetic_build import seal_tones


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_tones(tmp_path_factory.mktemp("record"), num_rows=30)


def test_a_record_says_what_its_file_says(sealed: Path) -> None:
    record, written = read_record(sealed), json.loads((sealed / "build.json").read_text())
    assert (record.name, record.rows, record.digest) == (written["name"], 30, written["digest"])
    assert record.splits == {name: SplitSize(**size) for name, size in written["splits"].items()}
    assert sum(line.rows for line in record.licences.sources if line.kind == "vocoder") == 30
    entry = record.files["rejects.parquet"]
    assert entry.bytes == (sealed / "rejects.parquet").stat().st_size


def test_a_dataset_of_one_build_is_its_own_part(sealed: Path) -> None:
    record = read_record(sealed)
    (part,) = record.parts
    assert (part.name, part.seed, part.rows) == (record.name, record.seed, 30)
    assert all(record.part_of(file) == part for file in part.files)
    assert len(part.files) == len(list((sealed / "data").iterdir()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": None}, "seed: expected a whole number, found None"),
        ({"splits": {"train": {"rows": 3}}}, "splits.train.hours: missing"),
        ({"files": []}, r"files: expected a mapping, found \[\]"),
        ({"colour": "red"}, "colour: unknown key"),
    ],
)
def test_what_is_wrong_is_named(sealed: Path, change: dict[str, Any], message: str) -> None:
    path = sealed / "build.json"
    with pytest.raises(DataError, match=f"{path}: {message}"):
        typed(read_build(sealed) | change, path)


def test_a_part_follows_its_files(sealed: Path) -> None:
    part = read_record(sealed).parts[0]
    first, *gone = part.files
    (moved,) = with_files([part], {first: "data/new.parquet"}, {"data/new.parquet": 7})
    assert gone
    assert (moved.files, moved.rows) == (("data/new.parquet",), 7)


def test_what_parts_have_in_common() -> None:
    assert in_common([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}]) == {"a": 1}


def test_no_file_is_left_out_or_taken_in_without_notice(sealed: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sealed, tmp_path / "copy"))
    assert read_whole_record(copy) == read_record(sealed)
    train = copy / "data/train-00000-of-00001.parquet"
    shutil.copy(train, copy / "data/train-extra.parquet")
    with pytest.raises(DataError, match=r"train-extra\.parquet: not listed in build\.json"):
        read_whole_record(copy)
    train.rename(copy / "data/train-extra.parquet")
    with pytest.raises(DataError, match=r"train-00000-of-00001\.parquet: missing; build\.json"):
        read_whole_record(copy)
