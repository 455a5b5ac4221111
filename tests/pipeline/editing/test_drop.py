"""A dataset without its marked rows is as whole as the one before, which stays as it was."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.dataset.files import data_files, read_dataset_rejects, read_rows
from pipeline.dataset.marks import write_marks
from pipeline.dataset.output import OutputConfig, check_output
from pipeline.editing.drop import drop_marked
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import seal_tones
from tests.tiny_build import card_alone

ID = "home-{:012x}".format
MARKS = {ID(3): "cut off", ID(10): "", "home-of-nobody": "who?"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_by_id(dataset: Path) -> dict[str, tuple[str, dict]]:
    """Each row with its split."""
    return {
        row["id"]: (path.name.partition("-")[0], row)
        for path in data_files(dataset)
        for row in read_rows(path)
    }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drop")
    return seal_tones(folder, num_rows=40)


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marks") / "marks.jsonl"
    write_marks(path, MARKS)
    return path


@pytest.fixture(scope="module")
def clean(dataset: Path, marks: Path) -> Path:
    to = dataset.parent / "clean"
    before = contents(dataset)
    outcome = drop_marked(dataset, marks, to)
    assert (outcome.num_rows, outcome.num_dropped, outcome.num_unknown) == (40, 2, 1)
    assert contents(dataset) == before
    return to


@pytest.fixture(autouse=True)
def _card_alone(clean: Path) -> Iterator[None]:
    """After `clean`, whose report is looked at; audits and reports take longest."""
    with card_alone():
        yield


def test_the_others_are_as_they_were(dataset: Path, clean: Path) -> None:
    assert verify(clean) == []
    expected = rows_by_id(dataset)
    for row_id in (ID(3), ID(10)):
        del expected[row_id]
    assert rows_by_id(clean) == expected
    assert list(rows_by_id(clean)) == list(expected)


def test_marked_rows_are_rejects_with_their_note(dataset: Path, clean: Path) -> None:
    rejects = {reject.id: reject for reject in read_dataset_rejects(clean)}
    assert rejects[ID(3)].reason == "marked bad: cut off"
    assert rejects[ID(10)].reason == "marked bad"
    assert {reject.id for reject in read_dataset_rejects(dataset)} < rejects.keys()
    sounds = {row["id"]: row["audio"] for row in read_rows(clean / "rejects.parquet")}
    assert sounds[ID(3)] == rows_by_id(dataset)[ID(3)][1]["audio"]["bytes"]


def test_record_card_and_report_say_so(dataset: Path, clean: Path) -> None:
    build, before = (json.loads((of / "build.json").read_text()) for of in (clean, dataset))
    assert (build["rows"], build["rejects"]) == (38, 5)
    assert sum(split["rows"] for split in build["splits"].values()) == 38
    assert build["hours"] < before["hours"]
    assert build["dropped_from"] == {"rows": 40, "digest": before["digest"]}
    assert "38 clips" in (clean / "README.md").read_text()
    assert "marked bad: cut off" in (clean / "report.html").read_text()


def test_a_build_leaves_marked_rows_out(dataset: Path, clean: Path, marks: Path) -> None:
    folder = dataset.parent / "again"
    output = OutputConfig(folder / "dataset", drop=marks)
    again = seal_tones(folder, num_rows=40, output=output)
    assert verify(again) == []
    assert rows_by_id(again) == rows_by_id(clean)
    assert read_dataset_rejects(again) == read_dataset_rejects(clean)


def test_a_split_may_end(dataset: Path, tmp_path: Path) -> None:
    held_out = [row_id for row_id, (split, _) in rows_by_id(dataset).items() if split == "test"]
    assert held_out
    write_marks(tmp_path / "marks.jsonl", dict.fromkeys(held_out, ""))
    drop_marked(dataset, tmp_path / "marks.jsonl", tmp_path / "clean")
    assert verify(tmp_path / "clean") == []
    assert {split for split, _ in rows_by_id(tmp_path / "clean").values()} == {
        "train",
        "validation",
    }


def test_files_are_numbered_anew(tmp_path: Path) -> None:
    output = OutputConfig(tmp_path / "dataset", split={"train": 1.0}, max_file_bytes=1_000_000)
    dataset = seal_tones(tmp_path, num_rows=60, output=output)
    first, *others = data_files(dataset)
    assert others
    gone = {row["id"]: "" for row in read_rows(first, ["id"])}
    write_marks(tmp_path / "marks.jsonl", gone)
    drop_marked(dataset, tmp_path / "marks.jsonl", tmp_path / "clean")
    assert len(data_files(tmp_path / "clean")) == len(others)
    assert verify(tmp_path / "clean") == []


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ({"home-of-nobody": ""}, "marks no row of"),
        ({ID(index): "" for index in range(40)}, "marks every row of"),
        ({}, "marks no row of"),
    ],
)
def test_marks_that_leave_all_or_nothing(
    dataset: Path, tmp_path: Path, marked: dict[str, str], message: str
) -> None:
    write_marks(tmp_path / "marks.jsonl", marked)
    with pytest.raises(DataError, match=message):
        drop_marked(dataset, tmp_path / "marks.jsonl", tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["marks.jsonl"]


def test_nothing_is_written_over(dataset: Path, marks: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    for to in (dataset, tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(DataError, match="is not empty; choose a new folder"):
            drop_marked(dataset, marks, to)
    assert verify(dataset) == []


def test_a_build_looks_at_its_marks_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "marks.jsonl").write_text("bad\n")
    output = OutputConfig(tmp_path / "dataset", drop=tmp_path / "marks.jsonl")
    with pytest.raises(DataError, match=r"marks\.jsonl:1: no JSON"):
        check_output(output, "tones")


def test_a_build_without_a_row_left_names_the_marks(tmp_path: Path) -> None:
    write_marks(tmp_path / "marks.jsonl", {ID(index): "" for index in range(4)})
    output = OutputConfig(tmp_path / "dataset", drop=tmp_path / "marks.jsonl")
    with pytest.raises(DataError, match=r"no row is left to publish: .*marks\.jsonl marks all"):
        seal_tones(tmp_path, num_rows=4, output=output)
