"""Questions about a dataset's rows are answered as a look at every row would."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.browse.index import PAGE_ROWS, Question, RowIndex
from pipeline.dataset.files import data_files, read_rows

Row = dict


@pytest.fixture(scope="module")
def dataset(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(60)


@pytest.fixture(scope="module")
def index(dataset: Path) -> RowIndex:
    return RowIndex(dataset)


@pytest.fixture(scope="module")
def rows(dataset: Path) -> list[Row]:
    """All rows in their order, with their index and split."""
    found = [
        row | {"split": path.name.partition("-")[0]}
        for path in data_files(dataset)
        for row in read_rows(path)
    ]
    return [row | {"index": number} for number, row in enumerate(found)]


def indices(index: RowIndex, question: Question, marked: set[str] = frozenset()) -> list[int]:
    answer = index.ask(question, marked)
    assert len(answer.rows) == min(PAGE_ROWS, answer.total)
    return [row["index"] for row in answer.rows]


def snr(row: Row) -> float:
    level = row["noise"]["measured_snr_db"]
    return float("inf") if level is None else level


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        (Question(), lambda row: True),
        (Question(text="kitchen"), lambda row: "kitchen" in row["text"]),
        (Question(text="TURN light"), lambda row: row["intent"] == "lights"),
        (Question(text="home-00000000000a"), lambda row: row["id"] == "home-00000000000a"),
        (Question(text='"in the hall" light'), lambda row: "in the hall" in row["text"]),
        (Question(text='"the in hall"'), lambda row: False),
        (Question(text="' OR 1=1 --"), lambda row: False),
        (Question(text="%"), lambda row: False),
        (Question(split="test"), lambda row: row["split"] == "test"),
        (Question(speaker="dag"), lambda row: row["speaker"] == "dag"),
        (Question(speaker="d"), lambda row: False),
        (Question(intent="call", split="train"),
         lambda row: (row["intent"], row["split"]) == ("call", "train")),
        (Question(snr_from=15), lambda row: snr(row) >= 15),
        (Question(snr_from=5, snr_to=15), lambda row: 5 <= snr(row) <= 15),
        (Question(error_to=10), lambda row: 100 * row["quality"]["phone_error_rate"] <= 10),
        (Question(is_marked=True), lambda row: row["id"] == "home-000000000003"),
        (Question(is_marked=False), lambda row: row["id"] != "home-000000000003"),
    ],
)  # fmt: skip
def test_rows_that_fit_are_found(
    index: RowIndex, rows: list[Row], question: Question, fits: Callable[[Row], bool]
) -> None:
    wanted = [row["index"] for row in rows if fits(row)]
    answer = index.ask(question, {"home-000000000003", "home-of-nobody"})
    assert answer.total == len(wanted)
    assert [row["index"] for row in answer.rows] == wanted[:PAGE_ROWS]


def test_they_come_in_the_order_asked_for(index: RowIndex, rows: list[Row]) -> None:
    noisy = sorted((row for row in rows if snr(row) < float("inf")), key=snr)
    assert indices(index, Question(order="snr_db"))[:9] == [row["index"] for row in noisy[:9]]
    falling = indices(index, Question(order="snr_db", is_falling=True))
    assert falling[:9] == [row["index"] for row in noisy[::-1][:9]]
    assert indices(index, Question(order="id; DROP TABLE clips")) == list(range(25))


def test_pages_hold_every_row_once(index: RowIndex) -> None:
    pages = [index.ask(Question(order="text", page=page), ()).rows for page in range(3)]
    assert sorted(row["index"] for page in pages for row in page) == list(range(60))
    beyond = index.ask(Question(page=99), ())
    assert (beyond.total, beyond.rows) == (60, [])
    assert len(index.ask(Question(page=-1), ()).rows) == 25


def test_there_is_a_list_to_choose_from(index: RowIndex, rows: list[Row]) -> None:
    assert index.options() == {
        name: sorted({row[name] for row in rows}) for name in ("split", "speaker", "intent")
    }
    assert index.id_of(7) == rows[7]["id"]
    assert index.id_of(60) is None


def test_a_damaged_dataset_is_told(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match="has no data files to browse"):
        RowIndex(tmp_path)
    (tmp_path / "data" / "train-00000-of-00001.parquet").write_bytes(b"nothing of the sort")
    with pytest.raises(DataError, match="cannot be read"):
        RowIndex(tmp_path)


@pytest.mark.parametrize("folder", ["speaker=anna/mine", "v[1]"])
def test_the_name_of_a_folder_does_not_count(
    dataset: Path, index: RowIndex, tmp_path: Path, sealed_tones: Callable[[int], Path], folder: str
) -> None:
    copy = Path(shutil.copytree(dataset, tmp_path / folder))
    shutil.copytree(sealed_tones(12), tmp_path / "v1")
    assert RowIndex(copy).options() == index.options()
    assert RowIndex(copy).ask(Question(), set()) == index.ask(Question(), set())
