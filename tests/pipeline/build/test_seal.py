"""Sealing publishes a dataset that every reader reads, all at once, or leaves no trace."""

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pandas
import pyarrow.parquet as pq
import pytest

from models.config import build as build_config
from models.errors import ConfigError, DataError
from pipeline.audio.files import decode_audio
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.build.seal import seal, seal_build
from pipeline.dataset.files import data_files, read_dataset_rejects, read_rows
from pipeline.dataset.manifest import write_part
from pipeline.dataset.output import OutputConfig, check_output
from pipeline.dataset.record import Partial, read_record
from pipeline.records import Reject
from pipeline.storage.publish import staging_folder
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import build_info, rejects, rows_of, seal_tones
from tests.tiny_build import card_alone, rows_by_id, rows_of_build, write_tiny_build
from tests.tiny_voices import TinyVoices


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def hidden(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.startswith(".")]


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed dataset that no test changes."""
    return seal_tones(tmp_path_factory.mktemp("tones"), num_rows=40)


@pytest.fixture
def fast() -> Iterator[None]:
    """Without audits and reports, which take longest."""
    with card_alone():
        yield


def test_layout_and_build_record(tones: Path) -> None:
    assert sorted(path.name for path in tones.iterdir()) == [
        "README.md",
        "audit.json",
        "build.json",
        "data",
        "pictures",
        "rejects.parquet",
        "report.html",
    ]
    build = json.loads((tones / "build.json").read_text())
    assert (build["name"], build["seed"], build["rows"], build["rejects"]) == ("tones", 7, 40, 3)
    assert sum(split["rows"] for split in build["splits"].values()) == 40
    assert str(tones.parent) not in (tones / "build.json").read_text()
    assert "runtime" not in build["config"]
    assert hidden(tones.parent) == []
    assert verify(tones) == []


def test_rejects_of_every_stage_are_kept(tones: Path) -> None:
    assert read_dataset_rejects(tones) == sorted(rejects(), key=lambda reject: reject.id)


def test_pandas_and_pyarrow_read_it(tones: Path) -> None:
    frame = pandas.read_parquet(tones / "data" / "train-00000-of-00001.parquet")
    row = frame.iloc[0]
    wave, sample_rate = decode_audio(row["audio"]["bytes"])
    assert len(wave) / sample_rate == row["duration_s"]
    assert row["words"][0]["word"] == row["transcript"].split()[0]
    table = pq.read_table(tones / "data")
    assert table.num_rows == 40
    assert table.schema.names[:2] == ["id", "audio"]


def test_datasets_loads_audio_and_splits(tones: Path, tmp_path: Path) -> None:
    import datasets

    files = str(tones / "data" / "train-*.parquet")
    by_file = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))["train"]
    by_folder = datasets.load_dataset(str(tones), cache_dir=str(tmp_path))
    build = json.loads((tones / "build.json").read_text())
    assert {name: split.num_rows for name, split in by_folder.items()} == {
        name: split["rows"] for name, split in build["splits"].items()
    }
    for loaded in (by_file, by_folder["train"]):
        audio = loaded.features["audio"]
        assert isinstance(audio, datasets.Audio)
        assert audio.sampling_rate == 16000
        row = loaded.cast_column("audio", datasets.Audio(decode=False))[0]
        wave, sample_rate = decode_audio(row["audio"]["bytes"])
        assert len(wave) / sample_rate == row["duration_s"]
        assert set(row["slots"][0]) == {"name", "value", "first_word", "end_word"}
    assert by_file.features == by_folder["train"].features


def test_the_dataset_does_not_depend_on_how_rows_were_cut(tones: Path, tmp_path: Path) -> None:
    other = seal_tones(tmp_path, num_rows=40, part_size=17)
    assert contents(other) == contents(tones)


@pytest.mark.usefixtures("fast")
def test_a_row_keeps_its_split_when_the_build_grows(tones: Path, tmp_path: Path) -> None:
    smaller = seal_tones(tmp_path, num_rows=12)
    for path in data_files(smaller):
        larger = read_rows(tones / "data" / path.name, ["id"])
        assert {row["id"] for row in read_rows(path, ["id"])} <= {row["id"] for row in larger}


@pytest.mark.usefixtures("fast")
def test_large_splits_are_cut_into_files(tmp_path: Path) -> None:
    output = OutputConfig(tmp_path / "dataset", split={"train": 1.0}, max_file_bytes=1_000_000)
    dataset = seal_tones(tmp_path, num_rows=70, output=output)
    names = [path.name for path in data_files(dataset)]
    assert len(names) > 1
    assert names == [
        f"train-{index:05d}-of-{len(names):05d}.parquet" for index in range(len(names))
    ]
    assert all(path.stat().st_size < 1_100_000 for path in data_files(dataset))
    assert verify(dataset) == []
    ids = [row["id"] for path in data_files(dataset) for row in read_rows(path, ["id"])]
    assert ids == [f"home-{index:012x}" for index in range(70)]


@pytest.mark.usefixtures("fast")
def test_the_same_build_is_replaced(tmp_path: Path) -> None:
    seal_tones(tmp_path, num_rows=4)
    dataset = seal_tones(tmp_path, num_rows=6)
    assert json.loads((dataset / "build.json").read_text())["rows"] == 6
    assert verify(dataset) == []
    assert hidden(tmp_path) == []


@pytest.mark.usefixtures("fast")
def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    dataset = seal_tones(tmp_path, num_rows=4)
    dataset.rename(tmp_path / ".dataset.replaced")  # killed between the two renames
    (tmp_path / ".dataset.staging" / "data").mkdir(parents=True)
    (tmp_path / ".dataset.staging" / "data" / "train-00000.part").write_bytes(b"half")
    assert verify(seal_tones(tmp_path, num_rows=4)) == []
    assert hidden(tmp_path) == []


def test_two_builds_do_not_write_one_dataset(tmp_path: Path) -> None:
    with staging_folder(tmp_path / "dataset"), pytest.raises(DataError, match="another build"):
        seal_tones(tmp_path, num_rows=2)


@pytest.mark.usefixtures("fast")
def test_another_dataset_is_refused_and_stays(tmp_path: Path) -> None:
    dataset = seal_tones(tmp_path, num_rows=4)
    before = contents(dataset)
    with pytest.raises(DataError, match="holds the dataset `tones`, not `other`"):
        seal_tones(tmp_path, num_rows=4, name="other")
    (dataset / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"notes\.txt would be lost"):
        seal_tones(tmp_path, num_rows=4)
    (dataset / "notes.txt").unlink()
    assert contents(dataset) == before


def test_foreign_folders_and_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    check_output(OutputConfig(tmp_path / "mine"), "tones")
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(DataError, match=r"mine: holds files that are not a dataset \(thesis"):
        check_output(OutputConfig(tmp_path / "mine"), "tones")
    with pytest.raises(DataError, match=r"thesis\.tex: is a file"):
        check_output(OutputConfig(tmp_path / "mine" / "thesis.tex"), "tones")
    with pytest.raises(DataError, match=r"thesis\.tex is a file"):
        check_output(OutputConfig(tmp_path / "mine" / "thesis.tex" / "deep"), "tones")
    check_output(OutputConfig(tmp_path / "new" / "deep"), "tones")
    assert not (tmp_path / "new").exists()


def test_a_build_without_rows_is_an_error(tmp_path: Path) -> None:
    part = write_part(tmp_path / "part.parquet", [Reject("home-1", "manifest", "odd")])
    output = OutputConfig(tmp_path / "dataset")
    with pytest.raises(DataError, match="no row is left to publish"):
        seal([part], [], build_info(), output)
    assert [entry.name for entry in tmp_path.iterdir()] == ["part.parquet"]


def test_an_id_that_occurs_twice_is_an_error(tmp_path: Path) -> None:
    part = write_part(tmp_path / "part.parquet", rows_of([0, 0]))
    with pytest.raises(DataError, match="row home-000000000000: this id occurs more than once"):
        seal([part], [], build_info(), OutputConfig(tmp_path / "dataset"))
    assert not (tmp_path / "dataset").exists()


def test_a_full_disk_leaves_the_old_dataset_and_no_trace(tmp_path: Path) -> None:
    dataset = seal_tones(tmp_path, num_rows=4)
    before = contents(dataset)
    parts = [write_part(tmp_path / "work" / "large.parquet", rows_of(range(60)))]
    message = tmp_path / "work" / "message"
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
            seal(parts, [], build_info(), OutputConfig(dataset))
        except DataError as error:
            message.write_text(str(error))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert message.read_text().startswith(f"{dataset}: the disk is full")
    assert contents(dataset) == before
    assert hidden(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": {"train": 0.8, "dev": 0.2}}, "split.dev: unknown split; allowed: train"),
        ({"split": {"train": 0.8}}, "split: the shares sum to 0.8; must be 1"),
        ({"split": {"train": 1.5, "test": -0.5}}, "split: a share is negative"),
        ({"max_file_bytes": 10}, "max_file_bytes: 10 is below"),
    ],
)
def test_bad_settings_are_named(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_config(OutputConfig, {"path": "out", **settings}, where="build.yaml")


def test_a_stopped_build_is_sealed_as_it_stands_and_goes_on(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    job = stages.plan(load_build_config(write_tiny_build(tmp_path, tiny_voices)))
    with pytest.raises(DataError, match="no shard of this build is whole yet"):
        seal_build(job, as_it_stands=True)
    whole = rows_of_build(job)
    job.shard("manifest", 1).write_bytes(b"half a shard")
    dataset = seal_build(job, as_it_stands=True)
    rows = rows_by_id(dataset)
    assert rows == {id: row for id, row in whole.items() if id in rows}
    assert len(rows) == 8
    assert read_record(dataset).partial == Partial(shards=2, of=3)
    assert "2 of 3 shards" in (dataset / "README.md").read_text()
    assert "partial: 2 of 3 shards" in (dataset / "report.html").read_text()
    assert not list(verify(dataset))
    assert rows_of_build(job) == whole
    assert read_record(dataset).partial is None
