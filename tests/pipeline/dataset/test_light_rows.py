"""Rows without their audio, gone through from disk; single rows found by their place."""

from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.dataset.files import data_files, read_rows
from pipeline.dataset.light_rows import LightRows, RowsByIndex
from pipeline.dataset.output import OutputConfig
from tests.pipeline.synthetic_build import seal_tones


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several splits, several files, several row groups."""
    folder = tmp_path_factory.mktemp("light")
    output = OutputConfig(folder / "dataset", max_file_bytes=1_000_000)
    return seal_tones(folder, num_rows=130, output=output, pages=False)


def test_rows_come_again_in_few_columns(dataset: Path) -> None:
    rows = LightRows.of(dataset, ("id", "speaker", "noise"))
    whole = [row for path in data_files(dataset) for row in read_rows(path)]
    assert len(rows) == 130
    for _ in range(2):
        assert [row["id"] for row in rows] == [row["id"] for row in whole]
    assert list(rows.only("pace")) == [{"pace": row["pace"]} for row in whole]
    assert list(rows.texts("speaker")) == [row["speaker"] for row in whole]
    snrs = [row["noise"]["snr_db"] for row in whole]
    assert rows.values("noise.snr_db").to_pylist() == snrs
    assert rows.numbers("noise.snr_db").tolist() == [snr for snr in snrs if snr is not None]


def test_a_row_is_found_by_its_place(dataset: Path) -> None:
    indices = RowsByIndex(data_files(dataset))
    index = 0
    for path in data_files(dataset):
        for row in read_rows(path):
            assert indices.read(index) == row | {"split": path.name.partition("-")[0]}
            index += 1
    assert len(indices) == index == 130
    assert indices.read(129, ["speaker"]).keys() == {"speaker", "split"}
    for outside in (-1, 130):
        with pytest.raises(IndexError):
            indices.read(outside)


def test_a_damaged_file_is_named(dataset: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "train-00000-of-00001.parquet"
    damaged.write_bytes(b"PAR1 and no more")
    for read in (lambda: RowsByIndex([damaged]), lambda: len(LightRows((damaged,), ("id",)))):
        with pytest.raises(DataError, match=r"train-00000-of-00001\.parquet: cannot be read"):
            read()
