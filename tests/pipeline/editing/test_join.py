"""Datasets joined into one: every row once, every old file byte for byte, all or nothing."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.build import publish_dataset
from pipeline.build.seal import seal
from pipeline.dataset.build_record import write_build
from pipeline.dataset.files import data_files, file_digest, read_build, read_rows
from pipeline.dataset.manifest import write_part
from pipeline.dataset.marks import write_marks
from pipeline.dataset.output import OutputConfig, check_output
from pipeline.dataset.record import Partial, read_record
from pipeline.editing import join as joining
from pipeline.editing.drop import drop_marked
from pipeline.editing.join import join
from pipeline.records import FinishedClip
from pipeline.storage.shards import write_shard
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import build_info, rejects, rows_of
from tests.tiny_build import card_alone, without_pages


def sealed(folder: Path, name: str, indices: range, seed: int = 7, **changes: object) -> Path:
    """A dataset of the tones `indices`; `changes` are put into every row."""
    rows = [row | changes for row in rows_of(indices, seed)]
    part = write_part(folder / "work" / f"{name}.parquet", rows)
    rejected = write_shard(folder / "work" / f"{name}-no.parquet", rejects(), FinishedClip)
    with without_pages():
        return seal([part], [rejected], build_info(name, seed), OutputConfig(folder / name))


def rows_by_id(dataset: Path) -> dict[str, dict]:
    return {row["id"]: row for path in data_files(dataset) for row in read_rows(path)}


def digests(dataset: Path) -> list[str]:
    return sorted(file_digest(path) for path in data_files(dataset))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed(tmp_path_factory.mktemp("a"), "home", range(20))


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed(tmp_path_factory.mktemp("b"), "car", range(20, 36), seed=8)


@pytest.fixture(scope="module")
def both(home: Path, car: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return join([home, car], tmp_path_factory.mktemp("c") / "both", "both").dataset


@pytest.fixture(autouse=True)
def _card_alone(both: Path) -> Iterator[None]:
    """After `both`, whose audit and report are looked at; theirs take longest of a merger."""
    with card_alone():
        yield


def test_all_rows_are_there_and_every_file_keeps_its_bytes(home, car, both) -> None:
    assert rows_by_id(both) == rows_by_id(home) | rows_by_id(car)
    assert digests(both) == sorted(digests(home) + digests(car))
    names = [path.name for path in data_files(both) if path.name.startswith("train")]
    assert names == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    assert verify(both) == []


def test_the_record_keeps_the_history_of_all_parts(both) -> None:
    build = read_build(both)
    assert (build["name"], build["rows"], build["rejects"]) == ("both", 36, 3)
    told = [(part["name"], part["seed"], part["rows"]) for part in build["history"]]
    assert told == [("home", 7, 20), ("car", 8, 16)]
    files = [file for part in build["history"] for file in part["files"]]
    assert sorted(files) == sorted(f"data/{path.name}" for path in data_files(both))
    assert sum(split["rows"] for split in build["splits"].values()) == 36
    assert "| car | 16 | 8 |" in (both / "README.md").read_text()
    assert json.loads((both / "audit.json").read_text())["rows"] == 36


def test_a_seed_that_is_not_its_part_s_is_found(both, tmp_path) -> None:
    build = read_build(both)
    build["history"][1]["seed"] = 9
    copy = tmp_path / "copy"
    (copy / "data").mkdir(parents=True)
    for path in both.rglob("*.parquet"):
        os.link(path, copy / path.relative_to(both))
    (copy / "README.md").write_text("")
    (copy / "build.json").write_text(json.dumps(build))
    found = [str(problem) for problem in verify(copy) if "seed" in problem.message]
    assert len(found) == 16
    assert "seed: expected 9 from build.json, found 8" in found[0]


def test_a_merged_dataset_is_merged_again(both, tmp_path) -> None:
    third = sealed(tmp_path, "third", range(40, 44), seed=9)
    joined = join([third, both], tmp_path / "all", "all")
    assert joined.rows == 40
    parts = read_build(joined.dataset)["history"]
    assert [part["name"] for part in parts] == ["third", "home", "car"]
    assert verify(joined.dataset) == []


def test_datasets_loads_it(both, tmp_path) -> None:
    import datasets

    loaded = datasets.load_dataset(str(both), cache_dir=str(tmp_path))
    assert sum(split.num_rows for split in loaded.values()) == 36


def test_the_same_row_is_taken_once(home, tmp_path) -> None:
    again = sealed(tmp_path, "again", range(12, 24))
    joined = join([home, again], tmp_path / "once", "once")
    assert (joined.rows, joined.repeated) == (24, 8)
    assert rows_by_id(joined.dataset) == rows_by_id(home) | rows_by_id(again)
    assert set(digests(home)) <= set(digests(joined.dataset))
    assert [part["rows"] for part in read_build(joined.dataset)["history"]] == [20, 4]
    assert verify(joined.dataset) == []


def test_a_dataset_that_adds_nothing_leaves_the_other(home, tmp_path) -> None:
    again = sealed(tmp_path, "again", range(3, 9))
    joined = join([home, again], tmp_path / "same", "same")
    assert (joined.rows, joined.repeated) == (20, 6)
    assert digests(joined.dataset) == digests(home)


def test_two_rows_of_one_id_are_an_error(home, tmp_path) -> None:
    other = sealed(tmp_path, "other", range(18, 22), pace=1.25)
    message = r"other: row home-000000000012: .*home has another row of this id \(2 such rows\)"
    with pytest.raises(DataError, match=message):
        join([home, other], tmp_path / "both", "both")
    assert not (tmp_path / "both").exists()


def test_columns_that_differ_are_named(home, tmp_path) -> None:
    output = OutputConfig(tmp_path / "noisy", keep_noise=True)
    part = write_part(tmp_path / "noisy.parquet", rows_of(range(40, 44)))
    noisy = seal([part], [], build_info("noisy"), output)
    with pytest.raises(DataError, match=r"home: has no column noise_audio, .*noisy has one"):
        join([home, noisy], tmp_path / "both", "both")


def test_what_a_part_keeps_apart_stays_apart(home, tmp_path) -> None:
    config = {"name": "strict", "output": {"disjoint": ["text"]}}
    info = replace(build_info("strict"), config=config)
    rows = [row | {"id": f"home-{99 + i:012x}"} for i, row in enumerate(rows_of(range(20)))]
    for row in rows:
        row["audio"] = row["audio"] | {"path": f"{row['id']}.flac"}
    part = write_part(tmp_path / "strict.parquet", rows)
    strict = seal([part], [], info, OutputConfig(tmp_path / "strict"))
    with pytest.raises(DataError, match=r"output\.disjoint: text: \d+ of 20 cross splits"):
        join([home, strict], tmp_path / "both", "both")


def test_a_build_does_not_replace_what_has_grown(both) -> None:
    with pytest.raises(DataError, match="both: has grown out of 2 builds"):
        check_output(OutputConfig(both), "both")


@pytest.mark.parametrize(
    ("module", "step"), [(joining, "_copy_files"), (publish_dataset, "publish")]
)
def test_a_kill_leaves_the_old_dataset_whole(home, car, tmp_path, module, step) -> None:
    """Killed with -9 as a step begins, in the place of one of its parts."""
    mine = join([home], tmp_path / "mine", "home").dataset
    before = contents(mine)
    begun, tell = os.pipe()
    child = os.fork()
    if child == 0:
        setattr(module, step, lambda *_: (os.write(tell, b"."), time.sleep(60)))
        join([mine, car], mine, "home")
        os._exit(1)
    os.close(tell)
    assert os.read(begun, 1) == b".", "the step has begun"
    os.close(begun)
    assert (tmp_path / ".mine.staging").exists()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert contents(mine) == before
    assert join([mine, car], mine, "home").rows == 36
    assert verify(mine) == []
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_marked_rows_of_a_merged_dataset_are_dropped_from_their_part(both, tmp_path) -> None:
    marked = [row["id"] for row in rows_by_id(both).values() if row["seed"] == 8][:5]
    write_marks(tmp_path / "marks.jsonl", dict.fromkeys(marked, "odd"))
    drop_marked(both, tmp_path / "marks.jsonl", tmp_path / "fewer")
    build = read_build(tmp_path / "fewer")
    assert [part["rows"] for part in build["history"]] == [20, 11]
    assert verify(tmp_path / "fewer") == []


def test_the_schema_metadata_stays(both) -> None:
    for path in data_files(both):
        assert b"huggingface" in (pq.read_schema(path).metadata or {})


def test_a_dataset_without_one_of_its_files_is_not_worked_on(
    home: Path, car: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(home, tmp_path / "copy"))
    write_marks(tmp_path / "marks.jsonl", {min(rows_by_id(home)): "noisy"})
    data_files(copy)[0].unlink()
    missing = rf"{data_files(home)[0].name}: missing; build.json lists it"
    with pytest.raises(DataError, match=missing):
        join([copy, car], tmp_path / "both", "both")
    with pytest.raises(DataError, match=missing):
        drop_marked(copy, tmp_path / "marks.jsonl", tmp_path / "fewer")
    assert not (tmp_path / "both").exists()
    assert not (tmp_path / "fewer").exists()


def test_a_part_that_was_sealed_unfinished_stays_marked(
    home: Path, car: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(home, tmp_path / "copy"))
    write_build(copy, read_build(copy) | {"partial": {"shards": 1, "of": 2}})
    join([copy, car], tmp_path / "both", "both")
    unfinished, finished = read_record(tmp_path / "both").parts
    assert (unfinished.partial, finished.partial) == (Partial(1, 2), None)
    assert "partial" not in read_build(tmp_path / "both")["history"][1]
