"""A probe on tones: every word is a melody, every speaker a pitch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from models.errors import DataError
from models.training.probe import ProbeTraining
from pipeline.build.config import load_build_config
from pipeline.dataset.files import data_files, read_rows
from pipeline.probe.clips import (
    augmenting,
    is_dataset,
    rate_of_corpus,
    read_source,
    speech_over_floor_db,
)
from pipeline.probe.run import ProbeRequest, probe

RATE = 8000
SHORT = ProbeTraining(epochs=6, max_frames=300, learning_rate=5e-3)
MELODIES = {"up": (1.0, 1.5, 2.2), "down": (2.2, 1.5, 1.0), "flat": (1.5, 1.5, 1.5)}


def write_corpus(
    folder: Path,
    speakers: int,
    repetitions: int,
    seed: int,
    rate: int = RATE,
    words: str = "up down flat",
) -> Path:
    rng = np.random.default_rng(seed)
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for speaker in range(speakers):
        for repetition in range(repetitions):
            for word in words.split():
                name = f"{word}-{speaker}-{repetition}"
                wave = melody(word, rng, rate)
                soundfile.write(folder / "wavs" / f"{name}.wav", wave, rate)
                lines.append(f"{name}|{folder.name}-{speaker}|{word.title()}.|{word}\n")
    (folder / "metadata.csv").write_text("".join(lines))
    return folder


def melody(word: str, rng: np.random.Generator, rate: int) -> np.ndarray:
    time = np.arange(round(rng.uniform(0.08, 0.12) * rate)) / rate
    base = rng.uniform(350, 450)
    tones = [np.sin(2 * np.pi * base * step * time) for step in MELODIES.get(word, (1.0,))]
    wave = 0.3 * np.concatenate([0.01 * tones[0], *tones])
    return wave + 0.003 * rng.standard_normal(len(wave))


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("c") / "spoken", 4, 8, seed=1, rate=16000)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("c") / "real", 2, 4, seed=2)


@pytest.fixture(scope="module")
def tones(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(30)


def quiet(line: str) -> None:
    pass


def test_a_probe_hears_what_it_learned_and_is_the_same_again(
    spoken: Path, real: Path, tmp_path: Path
) -> None:
    other = write_corpus(tmp_path / "other", 2, 6, seed=3, words="up down flat aside")
    told: list[str] = []
    request = ProbeRequest(spoken, real, train_real=other, training=SHORT)
    ours, theirs = probe(request, told.append)
    assert ours.kind == "keyword"
    assert ours.error_rate < 0.2  # by chance 0.67
    assert [score.name for score in ours.scores[:3]] == ["all", "real-0", "real-1"]
    assert ours.num_train + ours.num_validation == 4 * 8 * 3
    assert theirs.num_train + theirs.num_validation == 2 * 6 * 3  # without `aside`
    assert any("real at 8000 Hz" in line for line in told)
    again = probe(ProbeRequest(spoken, real, training=SHORT), quiet)[0]
    assert again.clips == ours.clips


def test_runs_are_averaged(spoken: Path, real: Path) -> None:
    result = probe(ProbeRequest(spoken, real, runs=2, at_most=20, training=SHORT), quiet)[0]
    assert all(len(clip.hypotheses) == 2 for clip in result.clips)
    assert {clip.errors for clip in result.clips} <= {0.0, 0.5, 1.0}
    assert len(result.error_rates) == 2
    assert sum(result.error_rates) / 2 == pytest.approx(result.error_rate)


def test_letters_are_written(spoken: Path, real: Path) -> None:
    result = probe(ProbeRequest(spoken, real, kind="ctc", training=SHORT), quiet)[0]
    assert result.kind == "ctc"
    assert sum(clip.size for clip in result.clips) == len(result.clips) == 24


def test_a_dataset_has_splits_of_its_own(tones: Path) -> None:
    source = read_source(tones, RATE, at_most=1000)
    assert len(source.train) + len(source.validation) + len(source.test) == 30
    assert all(clip.intent for clip in source.train)
    few = read_source(tones, RATE, at_most=10)
    assert len(few.train) < len(source.train)
    assert len(few.validation) == len(source.validation)


def _build_of(folder: Path, augment: dict) -> dict:
    return {
        "name": "x",
        "sentences": {"domain": "prompts/digits", "count": 10},
        "voice": {},
        "output": {"path": str(folder / "out")},
        "augment": augment,
    }


def test_noise_of_a_build_is_put_on_a_corpus(spoken: Path, tmp_path: Path) -> None:
    noise = tmp_path / "noise" / "hiss"
    noise.mkdir(parents=True)
    hiss = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    soundfile.write(noise / "hiss.wav", hiss, RATE)
    config = tmp_path / "build.yaml"
    section = {"folder": str(noise.parent), "snr_db": {"low": 0, "high": 0}}
    config.write_text(yaml.safe_dump(_build_of(tmp_path, {"noise": section})))
    change = augmenting(load_build_config(config))
    clean, noisy = (read_source(spoken, RATE, 1000, how).train for how in (None, change))
    assert [clip.id for clip in noisy] == [clip.id for clip in clean]
    assert np.mean([clip.snr_db for clip in noisy]) < 10 < np.mean([c.snr_db for c in clean])


def test_estimated_snr_follows_the_noise() -> None:
    rng = np.random.default_rng(0)
    speech = np.concatenate([np.zeros(4000), 0.3 * np.sin(np.arange(12000) / 4), np.zeros(4000)])
    for snr_db in (10, 20, 30):
        noise = rng.standard_normal(len(speech)) * 0.3 / np.sqrt(2) * 10 ** (-snr_db / 20)
        assert speech_over_floor_db(speech + noise, RATE) == pytest.approx(snr_db, abs=2.0)


def test_what_cannot_be_tested_is_told(spoken: Path, real: Path, tmp_path: Path) -> None:
    stranger = write_corpus(tmp_path / "stranger", 1, 2, seed=4, words="up aside over")
    with pytest.raises(DataError, match=r"4 of 6 recordings say what .* never does: `aside`, `ov"):
        probe(ProbeRequest(spoken, stranger), quiet)
    with pytest.raises(DataError, match="learned from and tested on"):
        probe(ProbeRequest(spoken, real, train_real=real), quiet)
    (tmp_path / "link").symlink_to(real)
    for again in (real, tmp_path / "link"):
        with pytest.raises(DataError, match="learned from and tested on"):
            probe(ProbeRequest(again, real, training=SHORT), quiet)
    alone = write_corpus(tmp_path / "alone", 2, 4, seed=5, words="up")
    with pytest.raises(DataError, match="all clips say `up`"):
        probe(ProbeRequest(alone, real), quiet)
    with pytest.raises(DataError, match="a corpus has no intents"):
        probe(ProbeRequest(spoken, real, label="intent"), quiet)


def test_intents_are_classified(tones: Path, real: Path) -> None:
    with pytest.raises(DataError, match="--model ctc: writes letters and no intents"):
        probe(ProbeRequest(tones, real, kind="ctc", label="intent"), quiet)
    with pytest.raises(DataError, match="leave them out, or give --label transcript --model ctc"):
        probe(ProbeRequest(tones, real, label="intent"), quiet)


def test_more_intents_than_keywords_are_still_intents(
    tones: Path, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.probe.run.MOST_KEYWORDS", 0)
    with pytest.raises(DataError, match=r"recordings say what .* never does"):
        probe(ProbeRequest(tones, real, label="intent", training=SHORT), quiet)


def test_a_config_that_augments_nothing_is_told(spoken: Path, real: Path, tmp_path: Path) -> None:
    config = tmp_path / "build.yaml"
    config.write_text(yaml.safe_dump(_build_of(tmp_path, {})))
    with pytest.raises(DataError, match=r"build.yaml: augment: is empty, so --augment would"):
        probe(ProbeRequest(spoken, real, augment=config, training=SHORT), quiet)


def test_clips_to_stop_by_say_what_was_learned(spoken: Path, real: Path, tmp_path: Path) -> None:
    rare = write_corpus(tmp_path / "rare", 4, 8, seed=6)
    lines = (rare / "metadata.csv").read_text().splitlines()
    source = read_source(rare, RATE, 1000)
    renamed = {clip.id for clip in source.validation[:2]}
    lines = [
        line.replace("|up", "|aside").replace("|down", "|aside").replace("|flat", "|aside")
        if line.partition("|")[0] in {id.rpartition("/")[2] for id in renamed}
        else line
        for line in lines
    ]
    (rare / "metadata.csv").write_text("\n".join(lines))
    told: list[str] = []
    (result,) = probe(ProbeRequest(rare, real, kind="keyword", training=SHORT), told.append)
    assert any("2 clips of validation say what train never does" in line for line in told)
    assert result.num_validation == len(source.validation) - 2


def test_folders_that_are_nothing_are_told(spoken: Path, tones: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither a dataset .* nor a corpus \(metadata.csv"):
        is_dataset(tmp_path)
    with pytest.raises(DataError, match="neither a dataset"):
        probe(ProbeRequest(spoken, tmp_path / "none"), quiet)
    with pytest.raises(DataError, match="was augmented when it was built"):
        probe(ProbeRequest(tones, spoken, augment=tmp_path / "build.yaml"), quiet)


def test_the_lowest_rate_counts(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "mixed", 1, 1, seed=6)
    soundfile.write(folder / "wavs" / "up-0-0.wav", np.zeros(1000), 6000)
    assert rate_of_corpus(folder) == 6000
    (folder / "wavs" / "up-0-0.wav").write_text("no sound")
    with pytest.raises(DataError, match=r"up-0-0.wav: not a sound file that can be read"):
        rate_of_corpus(folder)


def test_slots_of_recordings_are_counted(
    sealed_tones: Callable[[int], Path], tmp_path: Path
) -> None:
    dataset = sealed_tones(30)
    row = next(row for row in read_rows(data_files(dataset)[0]) if row["slots"])
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "one.flac").write_bytes(row["audio"]["bytes"])
    (tmp_path / "metadata.csv").write_text(f"one|ann|{row['text']}|{row['normalized_text']}\n")
    training = ProbeTraining(epochs=1, max_frames=300)
    (result,) = probe(ProbeRequest(dataset, tmp_path, label="slots", training=training), quiet)
    names = {score.name: score.num_clips for score in result.slots}
    wanted = ("whole command", "all slots", row["slots"][0]["name"])
    assert names == dict.fromkeys(wanted, 1)
