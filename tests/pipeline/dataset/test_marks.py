"""Marks are kept beside the dataset, a line each, and read with suspicion."""

from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.dataset.marks import marked_reject, marks_file, read_marks, write_marks
from tests.pipeline.synthetic_build import rows_of


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    marks = {"home-1": "cut off", "home-2": "", "home-3": 'says "Ö" twice'}
    write_marks(tmp_path / "marks.jsonl", marks)
    assert read_marks(tmp_path / "marks.jsonl") == marks
    assert (
        (tmp_path / "marks.jsonl").read_text().startswith('{"id": "home-1", "note": "cut off"}\n')
    )


def test_people_may_write_them(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(
        '{"id": "a"}\n\n{"id": "b", "note": "x"}\n{"id": "a", "note": "y"}'
    )
    assert read_marks(tmp_path / "mine.jsonl") == {"a": "y", "b": "x"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("home-1", "no JSON"),
        ("[]", "no id"),
        ('{"note": "x"}', "no id"),
        ('{"id": 5}', "no id"),
        ('{"id": ""}', "no id"),
        ('{"id": "a", "note": 5}', "note: 5 is no text"),
        ('{"id": "a", "why": "x"}', "why: unknown key"),
    ],
)
def test_what_is_no_mark_is_told_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "marks.jsonl").write_text(f'{{"id": "fine"}}\n{line}\n')
    with pytest.raises(DataError, match=rf"marks\.jsonl:2: {message}.*is expected"):
        read_marks(tmp_path / "marks.jsonl")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read as marks"):
        read_marks(tmp_path / "none.jsonl")


def test_they_lie_beside_the_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quick").mkdir()
    monkeypatch.chdir(tmp_path / "quick")
    assert marks_file(Path(".")) == tmp_path / "quick.marks.jsonl"
    assert marks_file(tmp_path / "quick/") == tmp_path / "quick.marks.jsonl"


def test_a_marked_row_is_a_reject_that_can_be_heard() -> None:
    (row,) = rows_of([3])
    reject = marked_reject(row, "cut off")
    assert (reject.id, reject.stage) == (row["id"], "marks")
    assert (reject.speaker, reject.audio) == (row["speaker"], row["audio"]["bytes"])
    assert reject.reason == "marked bad: cut off"
    assert marked_reject(row, "").reason == "marked bad"
