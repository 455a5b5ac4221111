"""Shards are made once, found again, and made anew when damaged or no longer right."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.stages import STAGE_NAMES, generate_shards, plan, stage_keys
from pipeline.dataset.files import read_build
from tests.faults.faults import flip, truncate
from tests.tiny_build import rows_by_id, rows_of_build, run_shard, run_stages, write_tiny_build
from tests.tiny_voices import (
    TinyVoices,
    save_tiny_paper_voice,
    save_tiny_tacotron2,
    save_tiny_voices,
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_voices: TinyVoices) -> Path:
    return write_tiny_build(tmp_path_factory.mktemp("build"), tiny_voices)


@pytest.fixture(scope="module")
def built(config: Path) -> Job:
    job = plan(load_build_config(config))
    run_stages(job)
    return job


def _states(job: Job) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for stage in STAGE_NAMES for path in job.shards(stage)}


def test_the_dataset_has_a_row_for_every_sentence(built: Job) -> None:
    rows = rows_by_id(built.config.output.path)
    assert len(rows) == 12
    assert {row["speaker"] for row in rows.values()} == {"anna", "ben"}
    assert any(row["noise"]["class"] == "hiss" for row in rows.values())


def test_a_clip_is_encoded_once_and_decoded_once(
    built: Job, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decoded to be checked as it is written."""
    opened: list[str] = []

    class Counted(soundfile.SoundFile):
        def __init__(self, file: object, mode: str = "r", **options: object) -> None:
            opened.append(mode)
            super().__init__(file, mode, **options)

    no_sounds = ["augment.noise=null", "augment.room=null"]
    job = plan(load_build_config(config, ["voice.vocoder=griffin-lim", *no_sounds]))
    monkeypatch.setattr(soundfile, "SoundFile", Counted)
    for sentences in generate_shards(job):
        run_shard(job, sentences)
    assert sorted(opened) == ["r"] * 12 + ["w"] * 12


def test_the_record_says_what_was_covered(built: Job) -> None:
    run_stages(built)  # others seal it without pages
    figures = read_build(built.config.output.path)["coverage"]["figures"]
    covered = {part["kind"]: (part["said"], part["possible"]) for part in figures["parts"]}
    assert covered["templates"] == (2, 2)
    said, possible = covered["pairs of slot values"]
    assert 0 < said <= possible == 5 * 4
    (gap,) = [gap for gap in figures["gaps"] if gap["kind"] == "pairs of slot values"]
    assert gap["count"] == possible - said
    assert gap["why"] in (built.config.output.path / "report.html").read_text()


@pytest.mark.parametrize("save_voice", [save_tiny_paper_voice, save_tiny_tacotron2])
def test_imported_kinds_of_voices_build_a_dataset_too(
    save_voice: Callable[[Path], Path],
    tiny_voices: TinyVoices,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.acoustic.tacotron2.attention_faults", lambda *_: ())
    voices = dataclasses.replace(tiny_voices, acoustic_model=save_voice(tmp_path / "public"))
    job = plan(load_build_config(write_tiny_build(tmp_path, voices, count=6)))
    rows = rows_of_build(job)
    assert len(rows) == 6
    for row in rows.values():
        assert row["acoustic_model"].startswith("public@")
        assert " ".join(word["word"] for word in row["words"]) == row["transcript"]


def test_a_second_run_makes_nothing(built: Job) -> None:
    before = _states(built)
    run_stages(built)
    assert _states(built) == before


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink])
def test_damaged_shards_are_made_again_with_the_same_bytes(
    built: Job, damage: Callable[[Path], object]
) -> None:
    before = _states(built)
    victims = [
        built.shard(stage, index % built.num_shards) for index, stage in enumerate(STAGE_NAMES)
    ]
    good = [path.read_bytes() for path in victims]
    for path in victims:
        damage(path)
    run_stages(built)
    assert [path.read_bytes() for path in victims] == good
    made = {path for path, state in _states(built).items() if state != before[path]}
    assert made - set(built.shards("generate")) == set(victims) - set(built.shards("generate"))


def test_a_changed_noise_setting_redoes_augment_and_after(config: Path, built: Job) -> None:
    before = _states(built)
    louder = plan(load_build_config(config, ["augment.noise.snr_db={low: 0, high: 1}"]))
    kept = [stage for stage in STAGE_NAMES if louder.keys[stage] == built.keys[stage]]
    assert kept == ["generate", "frontend", "synthesize", "vocode", "judge"]
    run_stages(louder)
    assert _states(built) == before
    assert rows_by_id(louder.config.output.path) != {}


def test_rows_do_not_depend_on_shard_size(config: Path, built: Job) -> None:
    folder = built.config.output.path.parent
    overrides = ["runtime.shard_size=7", f"output.path={folder / 'seven'}"]
    other = run_stages(plan(load_build_config(config, overrides)))
    assert rows_by_id(other) == rows_of_build(built)


@pytest.mark.parametrize(
    ("override", "first_redone"),
    [
        ("text.accent=en-gb", "frontend"),
        ("text.accent={en-us: 1, en-gb: 1}", "frontend"),
        ("text.variants={flapping: 0.5}", "frontend"),
        ("voice.pace={low: 0.5, high: 0.6}", "synthesize"),
        ("voice.speakers={anna: 1, 'mix(anna, ben, 0.5)': 1}", "synthesize"),
        ("voice.vocoder=griffin-lim", "vocode"),
        ("judge.max_phone_error_rate=0.5", "judge"),
        ("augment.gain_db={low: -1, high: 0}", "augment"),
        ("output.license=cc0-1.0", "manifest"),
    ],
)
def test_a_setting_changes_the_keys_from_its_stage_on(
    config: Path, built: Job, override: str, first_redone: str
) -> None:
    keys = stage_keys(load_build_config(config, [override]))
    changed = [stage for stage in STAGE_NAMES if keys[stage] != built.keys[stage]]
    assert changed == list(STAGE_NAMES[STAGE_NAMES.index(first_redone) :])


def test_a_seed_changes_all_keys_and_a_count_only_that_of_the_sentences(
    config: Path, built: Job
) -> None:
    other, more = (
        stage_keys(load_build_config(config, [key])) for key in ("seed=4", "sentences.count=11")
    )
    assert not any(other[stage] == built.keys[stage] for stage in STAGE_NAMES)
    changed = [stage for stage in STAGE_NAMES if more[stage] != built.keys[stage]]
    assert changed == ["generate"]


@pytest.mark.parametrize("override", ["runtime.workers=7", "text.workers=3"])
def test_how_a_build_is_run_changes_no_key(config: Path, built: Job, override: str) -> None:
    assert stage_keys(load_build_config(config, [override])) == built.keys


def test_a_changed_lexicon_or_checkpoint_changes_the_keys(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    path = write_tiny_build(tmp_path, tiny_voices)
    keys = stage_keys(load_build_config(path))
    (tmp_path / "home" / "lexicons" / "thing.txt").write_text("lamp\nfan\nradio\nbell\noven\n")
    assert stage_keys(load_build_config(path))["generate"] != keys["generate"]
    own = tmp_path / "own.dict"
    with_own = [f"text.pronunciations=[{own}]"]
    own.write_text("lamp  L AE1 M P\n")
    before = stage_keys(load_build_config(path, with_own))["frontend"]
    own.write_text("lamp  L AA1 M P\n")
    assert before != stage_keys(load_build_config(path, with_own))["frontend"]
    other = save_tiny_voices(tmp_path / "voices", seed=1)
    override = f"judge.recognizer={other.recognizer}"
    assert stage_keys(load_build_config(path, [override]))["judge"] != keys["judge"]


@pytest.mark.parametrize(
    ("role", "stage"),
    [("acoustic_model", "synthesize"), ("vocoder", "vocode"), ("recognizer", "judge")],
)
def test_another_description_of_the_same_weights_changes_the_keys(
    tmp_path: Path, tiny_voices: TinyVoices, role: str, stage: str
) -> None:
    section = "judge" if role == "recognizer" else "voice"
    folder = shutil.copytree(getattr(tiny_voices, role), tmp_path / "edited")
    path = write_tiny_build(tmp_path / "build", tiny_voices)
    override = [f"{section}.{role}={folder}"]
    before = stage_keys(load_build_config(path, override))
    description = folder / "checkpoint.yaml"
    description.write_text(description.read_text().replace("step: 0", "step: 1"))
    after = stage_keys(load_build_config(path, override))
    changed = [name for name in STAGE_NAMES if after[name] != before[name]]
    assert changed == list(STAGE_NAMES[STAGE_NAMES.index(stage) :])


def test_more_sentences_keep_the_shards_of_those_that_stayed(config: Path, built: Job) -> None:
    before = _states(built)
    folder = built.config.output.path.parent
    more = plan(load_build_config(config, ["sentences.count=14", f"output.path={folder / 'more'}"]))
    grown = rows_of_build(more)
    kept = {path for path in before if path.parent.name != "generate"} & _states(more).keys()
    assert len(kept) == len(before) - built.num_shards
    assert {path: _states(more)[path] for path in kept} == {path: before[path] for path in kept}
    assert len(grown) == 14
    fresh = ["sentences.count=14", f"runtime.work_dir={folder / 'fresh'}"]
    fresh += [f"output.path={folder / 'fresh_more'}"]
    assert grown == rows_of_build(plan(load_build_config(config, fresh)))


def test_stratified_draws_do_not_depend_on_shard_size(
    built: Job, config: Path, tmp_path: Path
) -> None:
    logs = []
    for shard_size in (built.config.runtime.shard_size, 12):
        asked = ["augment.sampler=stratified", f"runtime.shard_size={shard_size}"]
        asked += [f"output.path={tmp_path / str(shard_size)}"]
        asked += [f"runtime.work_dir={built.work_dir}"]
        rows = rows_of_build(plan(load_build_config(config, asked)))
        logs.append({id: row["augmentations"] for id, row in rows.items()})
    assert logs[0] == logs[1]
