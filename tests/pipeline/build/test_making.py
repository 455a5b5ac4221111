"""Files that change under a build: the shard is not kept, and the file is named."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import soundfile

from models.errors import DataError
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.making import while_unchanged
from pipeline.build.seal import seal_build
from tests.tiny_build import rows_by_id, rows_of_build, write_tiny_build
from tests.tiny_voices import TinyVoices, save_tiny_voices


@pytest.fixture
def job(tmp_path: Path, tiny_voices: TinyVoices) -> Job:
    """A planned build whose checkpoints lie in a folder of its own."""
    voices = shutil.copytree(tiny_voices.vocoder.parent, tmp_path / "voices")
    own = TinyVoices(voices / "acoustic", voices / "vocoder", voices / "recognizer")
    config = write_tiny_build(tmp_path, own, count=4)
    more = [f"text.pronunciations=[{tmp_path / 'own.dict'}]", f"output.drop={tmp_path / 'bad'}"]
    (tmp_path / "own.dict").write_text("lamp  L AE1 M P\n")
    (tmp_path / "bad").write_text('{"id": "nobody", "note": ""}\n')
    return stages.plan(load_build_config(config, more))


def _voice(folder: Path, name: str) -> str:
    other = save_tiny_voices(folder / "others", seed=1)
    shutil.copytree(
        getattr(other, name), folder / "voices" / name.partition("_")[0], dirs_exist_ok=True
    )
    return f"{name.partition('_')[0]}/checkpoint.yaml: has changed, and 1 other"


def _noise(folder: Path) -> str:
    path = folder / "noise" / "hiss" / "hiss.wav"
    wave, rate = soundfile.read(path)
    soundfile.write(path, wave[::-1], rate)  # of the same size
    return "hiss.wav"


def _more_noise(folder: Path) -> str:
    shutil.copy(folder / "noise" / "hiss" / "hiss.wav", folder / "noise" / "hiss" / "more.wav")
    return "more.wav: is new"


def _no_room(folder: Path) -> str:
    shutil.copy(folder / "rooms" / "box.wav", folder / "rooms" / "other.wav")
    (folder / "rooms" / "box.wav").unlink()
    return "box.wav: is gone"


def _text(name: str, text: str) -> Callable[[Path], str]:
    def change(folder: Path) -> str:
        (folder / name).write_text(text)
        return name

    return change


CHANGES = {
    "acoustic model": ("frontend", lambda folder: _voice(folder, "acoustic_model")),
    "vocoder": ("synthesize", lambda folder: _voice(folder, "vocoder")),
    "recognizer": ("vocode", lambda folder: _voice(folder, "recognizer")),
    "noise": ("judge", _noise),
    "more noise": ("judge", _more_noise),
    "room": ("judge", _no_room),
    "pronunciations": ("generate", _text("own.dict", "lamp  L AA1 M P\n")),
    "template": ("", _text("home/templates/ask.j2", "Find my {{ thing }}.\n")),
    "marks": ("manifest", _text("bad", '{"id": "another", "note": ""}\n')),
    "template after all": ("manifest", _text("home/templates/ask.j2", "Find my {{ thing }}.\n")),
}


def _steps(job: Job) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each stage of the build of one shard, then the seal."""
    yield "generate", lambda: stages.generate_shards(job)
    for earlier, stage in zip(stages.STAGE_NAMES, stages.STAGE_NAMES[1:], strict=False):
        make = getattr(stages, f"{stage}_shard")
        yield stage, lambda make=make, earlier=earlier: make(job, job.shard(earlier, 0))
    yield "seal", lambda: seal_build(job)


def _run(steps: list[tuple[str, Callable[[], object]]]) -> None:
    for _, make in steps:
        make()


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_file_ends_the_build_and_leaves_nothing_made_of_it(
    what: str, job: Job, tmp_path: Path
) -> None:
    made_before, change = CHANGES[what]
    steps = list(_steps(job))
    names = [name for name, _ in steps]
    _run(steps[: names.index(made_before) + 1 if made_before else 0])
    before = set(job.work_dir.rglob("*.parquet"))
    told = change(tmp_path)
    with pytest.raises(DataError, match=r"since the build began") as error:
        _run(steps[len(before) :])
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert set(job.work_dir.rglob("*.parquet")) == before
    assert not job.config.output.path.exists()


def test_a_file_that_changes_while_a_stage_runs_is_noticed_before_the_shard_is_kept(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = _judged(job)
    augment = stages.augment_clips

    def slow(*given: object) -> object:
        made = list(augment(*given))
        _noise(tmp_path)
        return made

    monkeypatch.setattr(stages, "augment_clips", slow)
    with pytest.raises(DataError, match=r"hiss\.wav: has changed"):
        stages.augment_shard(job, judged)
    assert not (job.work_dir / "augment").exists()


def test_a_file_that_is_swapped_and_put_back_leaves_no_wrong_row(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = _judged(job)
    noise = tmp_path / "noise" / "hiss" / "hiss.wav"
    good = noise.read_bytes()
    augment, calls = stages.augment_clips, []

    def swapped_the_first_time(*given: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            return list(augment(*given))
        _noise(tmp_path)
        made = list(augment(*given))
        noise.write_bytes(good)
        return made

    monkeypatch.setattr(stages, "augment_clips", swapped_the_first_time)
    augmented = stages.augment_shard(job, judged)
    assert len(calls) == 2
    stages.manifest_shard(job, augmented)
    rows = rows_by_id(seal_build(job))
    monkeypatch.undo()
    shutil.rmtree(job.work_dir)
    assert rows == rows_of_build(job)


def test_what_is_touched_all_the_time_is_told(job: Job, tmp_path: Path) -> None:
    def make(check: Callable[[], None]) -> None:
        noise = tmp_path / "noise" / "hiss" / "hiss.wav"
        noise.write_bytes(noise.read_bytes())
        check()

    with pytest.raises(DataError, match="tiny: its sounds are being replaced"):
        while_unchanged(job, ["sounds"], make)


def _judged(job: Job) -> Path:
    (sentences,) = stages.generate_shards(job)
    clean = stages.vocode_shard(
        job, stages.synthesize_shard(job, stages.frontend_shard(job, sentences))
    )
    return stages.judge_shard(job, clean)
