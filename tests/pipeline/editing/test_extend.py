"""A dataset is extended: other sentences, the old files as they were, nothing twice."""

import shutil
from pathlib import Path

import pytest

from models.errors import DataError
from models.object_store import RemotePath
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.build.inputs import inputs_of, used_digests
from pipeline.dataset.build_record import write_build
from pipeline.dataset.files import data_files, file_digest, read_build
from pipeline.editing.extend import check_extension, conclude, extension_of, holds_already
from pipeline.sentences.drawing.existing_sentences import ExistingSentences
from pipeline.sentences.generate import generate
from pipeline.storage.versions import publish_version
from pipeline.verify.dataset import verify
from pipeline.verify.replay import replay
from tests.s3_server import FaultyS3
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import save_tiny_voices


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    return write_tiny_build(folder, save_tiny_voices(folder / "voices"), count=6)


def extended(dataset: Path, config: Path, *overrides: str) -> None:
    further = extension_of(dataset, load_build_config(config, overrides))
    conclude(dataset, dataset, run_stages(stages.plan(further, extends=dataset)))


@pytest.fixture(scope="module")
def grown(config: Path) -> Path:
    """Six sentences, six more of the same seed, and four of another."""
    dataset = run_stages(stages.plan(load_build_config(config)))
    old = {file_digest(path) for path in data_files(dataset)}
    extended(dataset, config, "sentences.count=7")
    extended(dataset, config, "seed=4", "sentences.count=4", "output.path=elsewhere")
    assert old <= {file_digest(path) for path in data_files(dataset)}
    return dataset


def test_no_sentence_comes_twice(grown: Path) -> None:
    rows = rows_by_id(grown)
    assert len(rows) == 17
    assert len({row["text"] for row in rows.values()}) == 17
    assert [part["rows"] for part in read_build(grown)["history"]] == [6, 7, 4]
    assert verify(grown) == []
    assert not Path("elsewhere").exists()


def test_every_row_is_made_again_by_the_config_of_its_part(grown: Path) -> None:
    for row_id, row in rows_by_id(grown).items():
        replayed = replay(grown, row_id)
        assert replayed.is_equal
        assert replayed.audio == row["audio"]["bytes"]


def test_nothing_is_added_to_another_dataset_than_that_which_was_extended(
    grown: Path, tmp_path: Path
) -> None:
    """As it is where another machine has published to an object store meanwhile."""
    with pytest.raises(DataError, match="has changed since the build began; nothing was added"):
        conclude(grown, tmp_path, grown)


def test_a_store_that_takes_nothing_is_told_before_the_dataset_is_fetched(
    grown: Path, config: Path, s3: FaultyS3
) -> None:
    place = RemotePath("s3://bucket/grown")
    publish_version(grown, place)
    s3.requests.clear()
    settings = extension_of(place, load_build_config(config))
    denied = s3.failing(lambda method, path: "denied" if method == "PUT" else None)
    with denied, pytest.raises(DataError, match="access is denied"):
        check_extension(place, settings)
    assert not [path for _, path in s3.requests if "parquet" in path]


def test_the_same_config_and_seed_add_nothing(grown: Path, config: Path) -> None:
    for part, overrides in ((1, []), (2, ["sentences.count=7"])):
        settings = extension_of(grown, load_build_config(config, overrides))
        told = holds_already(grown, settings, used_digests(settings))
        assert f"rows, part {part}; for others give another seed" in told
    other = extension_of(grown, load_build_config(config, ["seed=9"]))
    assert holds_already(grown, other, used_digests(other)) == ""


def test_what_was_made_in_any_precision_is_what_auto_makes(grown: Path, config: Path) -> None:
    settings = extension_of(grown, load_build_config(config, ["voice.precision=auto"]))
    assert "6 rows, part 1" in holds_already(grown, settings, used_digests(settings))
    other = extension_of(grown, load_build_config(config, ["voice.precision=bf16"]))
    assert holds_already(grown, other, used_digests(other)) == ""


@pytest.mark.parametrize(
    "name", ["notes.txt", "data/notes.txt", "data/mine/a.wav", "pictures/me.png"]
)
def test_nothing_of_others_is_lost_that_was_put_there_meanwhile(
    grown: Path, config: Path, name: str
) -> None:
    before = read_build(grown)
    (grown / name).parent.mkdir(exist_ok=True)
    (grown / name).write_text("mine")
    try:
        with pytest.raises(DataError, match=f": {name} would be lost"):
            conclude(grown, grown, grown)
        assert (grown / name).read_text() == "mine"
        assert read_build(grown) == before
    finally:
        (grown / name).unlink()


def test_an_unfinished_build_is_finished_first(grown: Path, config: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(grown, tmp_path / "copy"))
    write_build(copy, read_build(copy) | {"partial": {"shards": 1, "of": 2}})
    settings = extension_of(copy, load_build_config(config))
    with pytest.raises(DataError, match="holds 1 of 2 shards of its build; finish that"):
        check_extension(copy, settings)


def test_a_sentence_is_known_by_its_id_where_its_text_was_styled(config: Path) -> None:
    sentences = load_build_config(config).sentences
    existing = ExistingSentences(ids=frozenset(f"{row.id}-2" for row in generate(sentences, 3)))
    again = {f"{row.id}-2" for row in generate(sentences, 3, existing=existing)}
    assert len(again) == 6
    assert not again & existing.ids


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("output.keep_noise=true", "column noise_audio: only the rows of the config would have"),
        ("output.sample_rate=16000", "22050 Hz, and the config's rows would have 16000 Hz"),
    ],
)
def test_rows_of_another_kind_are_refused_before_any_work(
    grown: Path, config: Path, override: str, message: str
) -> None:
    settings = extension_of(grown, load_build_config(config, [override]))
    with pytest.raises(DataError, match=message):
        check_extension(grown, settings)
    check_extension(grown, extension_of(grown, load_build_config(config)))


def test_an_extension_has_shards_of_its_own(grown: Path, config: Path) -> None:
    settings = load_build_config(config)
    assert stages.stage_keys(settings) != stages.stage_keys(settings, inputs_of(settings, grown))
    assert stages.stage_keys(settings) == stages.plan(settings).keys
