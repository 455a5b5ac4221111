"""Totals over data files, which `build.json` holds."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.dataset.contents import contents_of, contents_record, file_entry
from pipeline.dataset.files import BUILD_FILE, data_files


@pytest.fixture
def dataset(sealed_tones: Callable[[int], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed_tones(60), tmp_path / "dataset"))


def test_they_are_what_the_seal_wrote(dataset: Path) -> None:
    build = json.loads((dataset / BUILD_FILE).read_text())
    found = contents_of(dataset, build["config"]["output"].get("disjoint", ()), [])
    record = json.loads(json.dumps(contents_record(dataset, found, build["rejects"])))
    for key in ("rows", "hours", "rejects", "splits", "leaks"):
        assert record[key] == build[key], key
    assert record["files"].items() <= build["files"].items()
    assert sum(found.rows.values()) == 60
    assert not list(dataset.glob("*.values")), "what it wrote beside the files is gone"


def test_files_may_be_looked_at_by_others_in_any_order(dataset: Path) -> None:
    def backwards(work, paths):
        return [work(path) for path in reversed(paths)][::-1]

    assert contents_of(dataset, (), [], backwards) == contents_of(dataset, (), [])


def test_an_entry_follows_the_bytes(dataset: Path) -> None:
    file = data_files(dataset)[0]
    before = file_entry(file)
    assert contents_of(dataset, (), []).files[f"data/{file.name}"] == before
    file.write_bytes(file.read_bytes() + b"x")
    after = file_entry(file)
    assert after["bytes"] == before["bytes"] + 1
    assert after["sha256"] != before["sha256"]
