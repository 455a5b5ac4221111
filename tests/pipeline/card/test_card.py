"""The card describes the dataset: its columns, splits, sizes and some rows."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.card.card import write_card
from pipeline.card.licences import origin_sentence
from pipeline.dataset.columns import COLUMNS
from pipeline.dataset.files import CARD_FILE, data_files, read_build, read_rows
from tests.pipeline.synthetic_build import seal_tones


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_tones(tmp_path_factory.mktemp("card"), num_rows=30)


@pytest.fixture(scope="module")
def card(dataset: Path) -> str:
    return (dataset / CARD_FILE).read_text()


def section(card: str, title: str) -> str:
    return card.split(f"## {title}\n")[1].split("\n## ")[0]


def test_every_column_of_the_files_is_described(dataset: Path, card: str) -> None:
    lines = section(card, "Columns").strip().splitlines()[2:]
    described = {line.strip("| ").split(" | ")[0]: line.split(" | ")[1] for line in lines}
    assert list(described) == pq.read_schema(data_files(dataset)[0]).names
    assert described["transcript"] == COLUMNS["transcript"].meaning


def test_a_column_that_is_not_there_is_not_described(card: str) -> None:
    assert "noise_audio" not in section(card, "Columns")


def test_the_header_counts_rows_and_bytes(dataset: Path, card: str) -> None:
    header = yaml.safe_load(card.split("---\n")[1])
    build = read_build(dataset)
    splits = {split["name"]: split for split in header["dataset_info"]["splits"]}
    assert {name: split["num_examples"] for name, split in splits.items()} == {
        name: split["rows"] for name, split in build["splits"].items()
    }
    sizes = sum(path.stat().st_size for path in data_files(dataset))
    assert sum(split["num_bytes"] for split in splits.values()) == sizes
    assert header["size_categories"] == ["n<1K"]
    assert header["license"] == [
        "cc-by-4.0",
        "cc-by-sa-4.0",
    ]  # of rows without street noise, and with


def test_examples_are_rows_in_which_markdown_is_text(dataset: Path, card: str) -> None:
    lines = section(card, "Some of its rows").strip().splitlines()[2:]
    texts = [row["text"] for path in data_files(dataset) for row in read_rows(path, ["text"])]
    assert len(lines) == 6
    assert all(line.strip("| ").split(" | ")[0] in texts for line in lines)


def test_it_can_be_written_again(dataset: Path, card: str) -> None:
    write_card(dataset, "cc-by-4.0")
    assert (dataset / CARD_FILE).read_text() == card


@pytest.mark.parametrize(
    ("num_recorded", "said"),
    [
        (0, "All speech in this dataset is AI-generated"),
        (24, "24 of 30 clips are recordings of people; all other speech in this dataset is AI-gen"),
        (30, "All speech in this dataset was recorded"),
    ],
)
def test_it_says_who_spoke(num_recorded: int, said: str) -> None:
    assert origin_sentence(30, num_recorded).startswith(said)
