"""Datasets in an object store: every command that reads one takes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.cli.options import dataset_folder
from models.object_store import RemotePath, listing
from pipeline.browse import serving
from pipeline.dataset.files import data_files, read_rows
from pipeline.dataset.marks import write_marks
from pipeline.dataset.record import read_record
from pipeline.storage.versions import local_copy, publish_version
from tests.flows.cli.commands import command_of, every_command, run
from tests.s3_server import FaultyS3
from tests.store_build import send_folder

PLACE = RemotePath("s3://bucket/datasets/tones")
NUM_ROWS = 24
WRITES_BESIDE_IT = {"browse", "drop", "report", "extend"}  # which ask for the folder themselves


@pytest.fixture
def local(
    s3: FaultyS3, sealed_tones: Callable[[int], Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:  # fmt: skip
    """The dataset that lies at `PLACE`, and an empty folder to be in."""
    publish_version(sealed_tones(NUM_ROWS), PLACE)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return sealed_tones(NUM_ROWS)


def test_every_dataset_of_a_command_may_lie_in_a_store() -> None:
    """The rest of this file tries some commands; the others read their datasets as those do."""
    read = {"dataset", "datasets", "before", "after"}
    found = {
        path[0]: parameter.type_descriptor.parameter_info.parser
        for path in every_command()
        for parameter in command_of(path).params
        if parameter.name in read and len(path) == 1
    }
    assert {"verify", "audit", "diff", "merge", "export", "replay", "probe"} <= set(found)
    assert {name for name, parser in found.items() if parser is not dataset_folder} == (
        WRITES_BESIDE_IT
    )


def test_it_is_audited(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run("audit", PLACE, "--json", "tests.json")
    assert status == run("audit", local)
    assert f"tones: {NUM_ROWS} rows" in capsys.readouterr().out
    assert Path("tests.json").is_file()


def test_its_copy_is_browsed_and_its_marks_lie_here(
    local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []
    monkeypatch.setattr(serving, "serve", lambda *arguments: served.extend(arguments))
    assert run("browse", PLACE) == 0
    folder, marks = served[:2]
    assert read_record(folder).digest == read_record(local).digest
    assert marks.resolve() == Path("tones.marks.jsonl").resolve()


def test_a_copy_without_marked_clips_is_written_here_or_there(
    local: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = next(row["id"] for path in data_files(local) for row in read_rows(path, ["id"]))
    write_marks(Path("tones.marks.jsonl"), {first: "hum"})
    there = listing(PLACE)
    assert run("drop", PLACE, "--to", "fewer") == 0
    assert f"1 of {NUM_ROWS} clips dropped" in capsys.readouterr().out
    assert run("drop", PLACE, "--to", "s3://bucket/fewer") == 0
    copy = local_copy("s3://bucket/fewer")
    assert read_record(copy).digest == read_record(Path("fewer")).digest
    assert run("drop", PLACE, "--to", "s3://bucket/fewer") == 1
    assert "s3://bucket/fewer: is not empty; choose a new folder" in capsys.readouterr().err
    assert listing(PLACE) == there
    assert not [path for path in Path().iterdir() if path.name.startswith((".", "s3"))]


def test_what_cannot_be_written_to_is_told_before_any_work(
    local: Path, s3: FaultyS3, capsys: pytest.CaptureFixture[str]
) -> None:
    first = next(row["id"] for path in data_files(local) for row in read_rows(path, ["id"]))
    write_marks(Path("marks.jsonl"), {first: "hum"})
    drop = ("drop", local, "--marks", "marks.jsonl", "--to")
    assert run(*drop, "s3://nowhere/fewer") == 1
    assert "s3://nowhere/fewer/.may-be-written: no such object" in capsys.readouterr().err
    with s3.failing(lambda method, path: "denied" if method == "PUT" else None):
        assert run(*drop, "s3://bucket/fewer") == 1
        assert run("merge", PLACE, local, "--to", "s3://bucket/fewer") == 1
    assert len(s3.failed) == 2
    assert capsys.readouterr().err.count("/.may-be-written: access is denied") == 2


def test_what_was_sent_in_vain_is_not_in_the_way_of_the_next_attempt(
    local: Path, s3: FaultyS3, capsys: pytest.CaptureFixture[str]
) -> None:
    merge = ("merge", PLACE, local, "--to", "s3://bucket/both")
    with s3.failing(lambda method, path: "denied" if method == "PUT" and "train" in path else None):
        assert run(*merge) == 1
    assert "access is denied" in capsys.readouterr().err
    assert listing(RemotePath("s3://bucket/both")), "half a dataset"
    assert run(*merge) == 0


def test_merged_datasets_go_into_a_store(
    local: Path, sealed_tones: Callable[[int], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("merge", PLACE, sealed_tones(12), "--to", "s3://bucket/both") == 0
    assert f"{NUM_ROWS} clips" in capsys.readouterr().out
    assert read_record(local_copy("s3://bucket/both")).rows == NUM_ROWS
    assert run("merge", PLACE, sealed_tones(12), "--to", "s3://bucket/both") == 1
    assert "s3://bucket/both: is not empty" in capsys.readouterr().err


def test_a_folder_of_datasets_is_not_copied(
    local: Path, s3: FaultyS3, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("s3://bucket", "s3://bucket/datasets", PLACE / "CURRENT"):
        s3.requests.clear()
        assert run("verify", place) == 1
        told = f"error: {place}: is not a dataset: it has no build.json or metadata.csv"
        assert told in capsys.readouterr().err
        assert not [path for method, path in s3.requests if "parquet" in path]
    assert run("verify", PLACE) == 0
    plain = RemotePath("s3://bucket/plain")
    send_folder(local, plain)
    assert run("verify", plain) == 0


def test_what_is_no_dataset_is_written_here_alone(
    local: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("audit", PLACE, "--json", "s3://bucket/tests.json") == 2
    assert "s3://bucket/tests.json: is not on this machine" in capsys.readouterr().err
    assert not listing(RemotePath("s3://bucket/tests.json"))
