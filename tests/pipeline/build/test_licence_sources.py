"""From a config to the licence of every row, the summary in `build.json` and the card, and the
policy that refuses."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from models.errors import ConfigError
from pipeline.build.config import BuildConfig, check_build, licensed_sources, load_build_config
from pipeline.build.policy import PolicyConfig, check_policy
from pipeline.build.stages import plan
from pipeline.dataset.files import read_build
from pipeline.licences.summary import LicensedSource, RowLicences, sounds_in
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import rows_of
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_voices: TinyVoices) -> Path:
    """A build whose room is CC BY-SA and whose noise is CC BY-NC; both sound in some rows."""
    folder = tmp_path_factory.mktemp("licences")
    voices = replace(
        tiny_voices,
        acoustic_model=_licensed(tiny_voices.acoustic_model, folder / "voice"),
        vocoder=_licensed(tiny_voices.vocoder, folder / "vocoder"),
    )
    path = write_tiny_build(folder, voices)
    (folder / "sources.csv").write_text(
        "path,license,attribution\nnoise/hiss/hiss.wav,CC BY-NC 4.0,Hiss by Nora\n"
        "rooms/box.wav,CC BY-SA 4.0,Box by Otto\n"
    )
    return path


def _licensed(checkpoint: Path, copy: Path) -> Path:
    shutil.copytree(checkpoint, copy)
    info = yaml.safe_load((copy / "checkpoint.yaml").read_text())
    (copy / "checkpoint.yaml").write_text(yaml.safe_dump(info | {"licence": "Apache-2.0"}))
    return copy


@pytest.fixture(scope="module")
def dataset(config: Path) -> Path:
    return run_stages(plan(load_build_config(config)))


def test_every_row_says_what_its_parts_ask(dataset: Path) -> None:
    found = set()
    for row in rows_by_id(dataset).values():
        expected = {
            (False, False): "cc-by-4.0",
            (True, False): "cc-by-nc-4.0",
            (False, True): "cc-by-sa-4.0",
            (True, True): "cc-by-nc-4.0 AND cc-by-sa-4.0",
        }[row["noise"]["class"] != "none", row["room"]["source"] != ""]
        assert row["license"] == expected
        found.add(expected)
    assert len(found) >= 3
    assert verify(dataset) == []


def test_the_summary_counts_what_is_in_the_rows(dataset: Path) -> None:
    rows = rows_by_id(dataset).values()
    counted = read_build(dataset)["licences"]
    assert sum(counted["rows"].values()) == len(rows)
    lines = {(line["kind"], line["name"]): line for line in counted["sources"]}
    hiss = lines["noise", "noise/hiss/hiss.wav"]
    assert (hiss["licence"], hiss["commercial"]) == ("CC BY-NC 4.0", "no")
    assert (hiss["attribution"], hiss["split"]) == ("Hiss by Nora", "")
    assert hiss["rows"] == sum(row["noise"]["class"] != "none" for row in rows)
    assert lines["sentences", "templates:home"]["rows"] == len(rows)
    assert {kind for kind, _ in lines} == {"sentences", "voice", "vocoder", "noise", "room"}


def test_the_card_names_authors_and_says_that_no_person_spoke(dataset: Path) -> None:
    _, header, body = (dataset / "README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(header)
    assert card["license"] == ["cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0"]
    assert "ai-generated" in card["tags"]
    assert "All speech in this dataset is AI-generated" in body
    assert "| noise: `noise/hiss/hiss.wav` | CC BY-NC 4.0 | no | Hiss by Nora |" in body
    assert "| room: `rooms/box.wav` | CC BY-SA 4.0 | yes | Box by Otto |" in body


def refusal(config: Path, *overrides: str) -> str:
    settings = load_build_config(config, ["policy.commercial_only=true", *overrides])
    with pytest.raises(ConfigError) as caught:
        check_build(settings)
    return str(caught.value)


def test_commercial_only_names_what_it_refuses(config: Path) -> None:
    told = refusal(config)
    assert told.startswith("policy.commercial_only: 1 of the build's sources may not be sold")
    folder = config.parent / "noise"
    assert f"augment.noise.folder: {folder}/hiss/hiss.wav: its licence, CC BY-NC 4.0, does" in told


def test_commercial_only_refuses_what_it_does_not_know(config: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("Turn it on.\nTurn it off.\n")
    told = refusal(config, "augment.noise=null", f"sentences.files=[{{path: {mine}, share: 0.1}}]")
    expected = f"sentences.files[0]: {mine}: its licence, unknown, is not known to allow"
    assert expected in told
    assert "output.license: its licence, cc-by-nc-4.0, does not" in refusal(
        config, "augment.noise=null", "output.license=cc-by-nc-4.0"
    )


def test_commercial_only_lets_the_rest_through(config: Path) -> None:
    sellable = load_build_config(config, ["policy.commercial_only=true", "augment.noise=null"])
    check_build(sellable)
    assert {source.kind for source in licensed_sources(sellable)} >= {"voice", "vocoder", "room"}
    check_build(load_build_config(config))
    assert refusal(config)  # the same with its noise


@pytest.mark.parametrize("name", ["quickstart", "many_voices"])
def test_what_ships_may_be_sold(name: str) -> None:
    config = load_build_config(f"configs/build/{name}.yaml")
    sources = licensed_sources(config)
    check_policy(PolicyConfig(commercial_only=True), config.output.license, sources)
    assert {source.kind for source in sources} >= {"sentences", "voice", "vocoder", "noise"}


def test_recordings_that_are_dealt_to_splits_say_so() -> None:
    config = load_build_config("configs/build/quickstart.yaml")
    noises = [source for source in licensed_sources(config) if source.kind == "noise"]
    assert {source.split for source in noises} == {"train", "validation", "test"}


def test_a_class_that_is_never_drawn_needs_no_licence(config: Path) -> None:
    only_rain = "augment.noise={folder: sounds/noise, classes: {rain: 1}}"
    settings: BuildConfig = load_build_config(config, [only_rain])
    noises = [source.name for source in licensed_sources(settings) if source.kind == "noise"]
    assert noises
    assert all(name.startswith("noise/rain/") for name in noises)


def test_two_files_of_one_name_give_their_rows_both_licences() -> None:
    sources = [
        LicensedSource("sentences", "files:mine", licence, "", "sentences.files", "mine.txt")
        for licence in ("CC BY-SA 4.0", "CC BY-NC 4.0")
    ]
    (row,) = rows_of([0])
    row |= {"source": "files", "domain": "mine", "noise": {"license": ""}, "room": {"license": ""}}
    licences = RowLicences.of_sources("cc-by-4.0", sources)
    assert licences.of(row) == "cc-by-nc-4.0 AND cc-by-sa-4.0"


def test_a_recording_may_have_a_plus_in_its_name() -> None:
    (row,) = rows_of([1])
    row |= {"noise": {"source": "a+b.flac"}, "room": {"source": "hall.flac+attic.flac"}}
    known = {("noise", "a+b.flac"), ("room", "hall.flac"), ("room", "attic.flac")}
    assert set(sounds_in(row, known)) == known
    assert set(sounds_in(row, set())) >= {("noise", "a"), ("noise", "b.flac")}
