"""`verify` finds every kind of damage and names file and row."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.dataset import file_digest
from pipeline.verify import verify
from tests.pipeline.synthetic_build import seal_tones

TRAIN = "data/train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_tones(tmp_path_factory.mktemp("sealed"), num_rows=30)


@pytest.fixture
def dataset(sealed: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(sealed, tmp_path / "dataset"))


def problems(dataset: Path) -> list[str]:
    return [str(problem) for problem in verify(dataset)]


def rewrite(dataset: Path, change: Callable[[list[dict]], object]) -> None:
    """Change the rows of the train file, and make the digest in build.json fit them."""
    path = dataset / TRAIN
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    edit_build(dataset, lambda build: build["files"][TRAIN].update(sha256=file_digest(path)))


def edit_build(dataset: Path, change: Callable[[dict], object]) -> None:
    path = dataset / "build.json"
    build = json.loads(path.read_text())
    change(build)
    path.write_text(json.dumps(build))


def test_a_whole_dataset_has_no_problem(dataset: Path) -> None:
    assert problems(dataset) == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_flipped_byte(dataset: Path, share: float) -> None:
    data = bytearray((dataset / TRAIN).read_bytes())
    data[int(len(data) * share)] ^= 0x04
    (dataset / TRAIN).write_bytes(data)
    assert any(line.startswith(f"{TRAIN}: sha256: expected") for line in problems(dataset))


def test_a_flipped_byte_in_a_clip_is_found_without_digests(dataset: Path) -> None:
    path = dataset / TRAIN
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x04
    path.write_bytes(data)
    edit_build(dataset, lambda build: build["files"][TRAIN].update(sha256=file_digest(path)))
    assert any("crc" in line.lower() for line in problems(dataset))


def test_a_changed_transcript(dataset: Path) -> None:
    rewrite(dataset, lambda rows: rows[3].update(transcript="something else"))
    row_id = pq.read_table(dataset / TRAIN).column("id")[3]
    found = problems(dataset)
    assert any(line.startswith(f"{TRAIN}: row {row_id}: transcript: expected") for line in found)
    assert all("something else" in line for line in found)


def test_a_wrong_duration(dataset: Path) -> None:
    rewrite(dataset, lambda rows: rows[0].update(duration_s=rows[0]["duration_s"] + 0.5))
    assert [line for line in problems(dataset) if "duration_s: expected" in line]


def test_swapped_audio(dataset: Path) -> None:
    def swap(rows: list[dict]) -> None:
        rows[0]["audio"], rows[1]["audio"] = rows[1]["audio"], rows[0]["audio"]

    rewrite(dataset, swap)
    assert len([line for line in problems(dataset) if "audio.path: expected" in line]) == 2


def test_duplicate_ids(dataset: Path) -> None:
    rewrite(dataset, lambda rows: rows.append(rows[0]))
    assert any("this id occurs more than once" in line for line in problems(dataset))


def test_lost_rows(dataset: Path) -> None:
    rewrite(dataset, lambda rows: rows.pop())
    assert any(line.startswith("build.json: splits.train.rows") for line in problems(dataset))


def test_a_row_of_another_build(dataset: Path) -> None:
    rewrite(dataset, lambda rows: rows[0].update(seed=8))
    assert any("seed: expected 7 from build.json, found 8" in line for line in problems(dataset))


def test_a_missing_file(dataset: Path) -> None:
    (dataset / TRAIN).unlink()
    found = problems(dataset)
    assert f"{TRAIN}: missing; build.json lists it" in found
    assert any(line.startswith("build.json: splits.train.rows") for line in found)


def test_a_file_too_many(dataset: Path) -> None:
    shutil.copy(dataset / TRAIN, dataset / "data" / "train-00001-of-00002.parquet")
    found = problems(dataset)
    assert "data/train-00001-of-00002.parquet: not listed in build.json" in found


def test_changed_columns(dataset: Path) -> None:
    path = dataset / TRAIN
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["speaker"]), path)
    assert any(
        line == f"{TRAIN}: columns: expected speaker, found none" for line in problems(dataset)
    )


def test_lost_audio_metadata(dataset: Path) -> None:
    path = dataset / TRAIN
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    assert any("`huggingface` does not describe" in line for line in problems(dataset))


def test_a_row_that_was_rejected(dataset: Path) -> None:
    row_id = pq.read_table(dataset / TRAIN).column("id")[0].as_py()
    path = dataset / "rejects.parquet"
    table = pq.read_table(path)
    rows = [{**row, "id": row_id} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    expected = f"rejects.parquet: row {row_id}: was rejected, and yet it is a row of the dataset"
    assert expected in problems(dataset)


def test_what_is_not_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none: not a Voxloom dataset .*no such folder"):
        verify(tmp_path / "none")
    with pytest.raises(DataError, match="not a Voxloom dataset"):
        verify(tmp_path)
    (tmp_path / "build.json").write_text('{"format": "else"}')
    with pytest.raises(DataError, match="expected voxloom-dataset-1, found else"):
        verify(tmp_path)
