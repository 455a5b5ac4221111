"""Clips to learn from: of a dataset by its splits, of a corpus by ids, all at one rate."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.errors import DataError
from models.object_store import RemotePath, write
from models.recognition.probe_networks import probe_mel
from pipeline.dataset.files import data_files, read_rows
from pipeline.probe.clips import (
    Wave,
    is_dataset,
    rate_of_corpus,
    read_recordings,
    read_source,
    speech_over_floor_db,
)
from tests.pipeline.synthetic_build import seal_tones
from tests.s3_server import FaultyS3

RATE = 8000


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_tones(tmp_path_factory.mktemp("probe"), num_rows=60, pages=False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty clips of two speakers, one file at another rate."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "wavs").mkdir()
    lines = []
    for index in range(40):
        rate = RATE if index else 2 * RATE
        wave = 0.3 * np.sin(2 * np.pi * (200 + 5 * index) * np.arange(rate // 5) / rate)
        soundfile.write(folder / "wavs" / f"clip{index}.wav", wave, rate)
        lines.append(f"clip{index}|speaker{index % 2}|Turn it on.|on\n")
    (folder / "metadata.csv").write_text("".join(lines))
    return folder


def test_a_dataset_keeps_its_splits_and_a_corpus_gets_a_tenth_to_stop_by(
    dataset: Path, corpus: Path
) -> None:
    source = read_source(dataset, RATE, at_most=1000)
    for split in ("train", "test"):
        files = [path for path in data_files(dataset) if path.name.startswith(split)]
        ids = [row["id"] for path in files for row in read_rows(path, ["id"])]
        assert [clip.id for clip in getattr(source, split)] == ids
    learned = read_source(corpus, RATE, at_most=1000)
    assert len(learned.train) + len(learned.validation) == 40
    assert 0 < len(learned.validation) < 12
    assert not learned.test


def test_fewer_are_drawn_by_their_ids_the_same_each_time(corpus: Path) -> None:
    few, again = (read_source(corpus, RATE, at_most=30) for _ in range(2))
    assert [clip.id for clip in few.train] == [clip.id for clip in again.train]
    every = {clip.id for clip in read_source(corpus, RATE, at_most=1000).train}
    assert {clip.id for clip in few.train} < every


def test_every_clip_is_brought_to_the_rate_asked_for(corpus: Path) -> None:
    assert rate_of_corpus(corpus) == RATE
    clips = read_recordings(corpus, RATE)
    assert {clip.features.shape for clip in clips} == {clips[0].features.shape}
    assert clips[0].features.shape[1] == probe_mel(RATE).n_mels
    assert clips[0].features.dtype == np.float32
    assert (clips[0].transcript, clips[0].intent) == ("on", None)


def test_a_change_is_put_on_every_wave_before_it_is_measured(corpus: Path) -> None:
    seen = []

    def silence(wave: Wave) -> Wave:
        seen.append(wave.rate)
        return Wave(wave.id, wave.speaker, wave.transcript, "off", 0 * wave.samples, wave.rate)

    source = read_source(corpus, RATE, at_most=1000, change=silence)
    assert sorted(set(seen)) == [RATE, 2 * RATE]
    assert {clip.intent for clip in source.train} == {"off"}
    assert {clip.snr_db for clip in source.train} == {0.0}


def test_the_snr_of_a_recording_is_estimated_from_its_pauses() -> None:
    rng = np.random.default_rng(0)
    speech = np.sin(2 * np.pi * 300 * np.arange(2 * RATE) / RATE)
    speech[: RATE // 2] = 0
    for snr_db in (10.0, 30.0):
        noise = rng.standard_normal(len(speech)) * np.sqrt(0.5) * 10 ** (-snr_db / 20)
        assert speech_over_floor_db(speech + noise, RATE) == pytest.approx(snr_db, abs=2.0)


def test_what_is_neither_is_told_with_what_is_wanted(tmp_path: Path, dataset: Path) -> None:
    assert is_dataset(dataset)
    with pytest.raises(DataError, match=r"neither a dataset .* nor a corpus \(metadata.csv"):
        read_source(tmp_path, RATE, 10)
    (tmp_path / "wavs").mkdir()
    soundfile.write(tmp_path / "wavs" / "one.wav", np.zeros(RATE), RATE)
    (tmp_path / "metadata.csv").write_text("one|anna|Hello.|hello\n")
    with pytest.raises(DataError, match=r"clips to learn from and .* to stop by; both are needed"):
        read_source(tmp_path, RATE, 10)


def test_a_corpus_may_lie_in_an_object_store(s3: FaultyS3, corpus: Path) -> None:
    for name in ("metadata.csv", *(f"wavs/clip{index}.wav" for index in range(40))):
        write(RemotePath(f"s3://bucket/real/{name}"), (corpus / name).read_bytes())
    stored = Path("s3://bucket/real")
    assert not is_dataset(stored)
    assert rate_of_corpus(stored) == RATE
    assert read_recordings(stored, RATE)[0].id == "clip0"
