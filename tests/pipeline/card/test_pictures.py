"""The card's pictures lie beside it, are small, and show what is in the rows."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.card.pictures import HEIGHT, WIDTH, _bars, _most_frequent, write_card_pictures
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import COVERAGE


@pytest.fixture(scope="module")
def dataset(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(30)


def test_the_card_shows_pictures_that_are_there(dataset: Path) -> None:
    card = (dataset / "README.md").read_text()
    names = ["coverage", "duration", "snr", "speakers"]
    assert sorted(path.stem for path in (dataset / "pictures").iterdir()) == names
    for name in names:
        path = dataset / "pictures" / f"{name}.png"
        assert f"](pictures/{name}.png)" in card
        assert path.stat().st_size < 30_000
        with Image.open(path) as image:
            assert image.size == (WIDTH, HEIGHT)
            share_drawn = (np.asarray(image.convert("L")) < 128).mean()
        assert 0.02 < share_drawn < 0.7, name


def test_the_card_has_some_rows(dataset: Path) -> None:
    (table,) = [
        part for part in (dataset / "README.md").read_text().split("\n## ") if part[:4] == "Some"
    ]
    lines = table.strip().split("\n")[4:]
    assert len(lines) == 6
    assert all(line.count(" | ") == 3 for line in lines)
    assert "Turn light" in table


def test_pictures_belong_to_the_dataset(dataset: Path, tmp_path: Path) -> None:
    listed = json.loads((dataset / "build.json").read_text())["pages"]
    assert "pictures/snr.png" in listed
    damaged = Path(shutil.copytree(dataset, tmp_path / "dataset"))
    assert verify(damaged) == []
    (damaged / "pictures" / "snr.png").write_bytes(b"x")
    assert [problem.file for problem in verify(damaged)] == ["pictures/snr.png"]


def test_the_same_rows_have_the_same_pictures(dataset: Path, tmp_path: Path) -> None:
    coverage = json.loads((dataset / "build.json").read_text())["coverage"]
    again = Path(shutil.copytree(dataset, tmp_path / "dataset"))
    shutil.rmtree(again / "pictures")
    write_card_pictures(again, coverage)
    for path in (dataset / "pictures").iterdir():
        assert (again / "pictures" / path.name).read_bytes() == path.read_bytes()


def test_coverage_is_shown_where_it_is_known(dataset: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(dataset, tmp_path / "dataset"))
    parts = [{"kind": "templates", "said": 3, "possible": 5}]
    known = COVERAGE | {"figures": {"rows": 30, "parts": parts}}
    titles = [picture.title for picture in write_card_pictures(copy, known)]
    assert titles[-1] == "Coverage of the domain"
    titles = [picture.title for picture in write_card_pictures(copy, COVERAGE)]
    assert titles[-1] == "Clips of each intent: 2 in all"


def test_very_many_speakers_fit() -> None:
    counts = Counter({f"speaker {index}": 100 - index for index in range(50)})
    shown = _most_frequent(counts)
    assert len(shown) == 10
    assert shown[0] == ("speaker 0", 100)
    assert shown[-1] == ("41 others, mean", 71)


def test_nothing_is_drawn_of_speakers_that_there_are_not() -> None:
    """As in a dataset of silence."""
    assert _bars("speakers", "Clips of each speaker", Counter()) is None
