import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.errors import ConfigError, DataError
from pipeline.build.config import BuildConfig, check_build, load_build_config
from pipeline.build.stages import plan, stage_keys
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.sampling import Maker
from pipeline.sentences.drawing.sources import sentences_of
from pipeline.sentences.own.recordings import OwnRecordings, read_recordings, recordings_source
from pipeline.verify.dataset import verify
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices

RATE = 16_000
SAID = ("yes please", "turn it off", "yes please", "good morning")


def _write_sound(path: Path, pitch: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    hertz = np.repeat(pitch + 30 * np.arange(20), RATE // 12)
    wave = 0.05 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)
    soundfile.write(path, wave, RATE)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six speakers, each with four recordings, in the corpora's layout."""
    folder, lines = tmp_path / "mine", []
    for speaker in range(6):
        for number, text in enumerate(SAID):
            id = f"s{speaker}-{number}"
            lines.append(f"{id}|speaker{speaker}|{text}|{text}")
            _write_sound(folder / "wavs" / f"{id}.wav", 120 + 20 * speaker)
    (folder / "metadata.csv").write_text("\n".join(lines))
    return folder


def _build(folder: Path, voices: TinyVoices, corpus: Path, *also: str) -> BuildConfig:
    own = f"[{{path: {corpus}, share: 0.75, license: CC-BY-4.0}}]"
    overrides = [f"sentences.recordings={own}", "sentences.count=24", "augment={}"]
    overrides += ["output.disjoint=[speaker]", "output.split={train: 0.5, test: 0.5}"]
    path = write_tiny_build(folder / "build", voices)
    return load_build_config(path, [*overrides, "judge.recognizer=recognizer", *also])


def test_recordings_become_rows_that_no_split_shares_a_speaker_of(
    tmp_path: Path, corpus: Path, tiny_voices: TinyVoices
) -> None:
    config = _build(tmp_path, tiny_voices, corpus)
    check_build(config)
    dataset = run_stages(plan(config))
    assert verify(dataset) == []
    rows = [row for row in rows_by_id(dataset).values() if row["source"] == "recordings"]
    assert 12 <= len(rows) <= 18  # tones, of which the recognizer makes what it can
    assert len({row["template"] for row in rows}) == len(rows)
    splits: dict[str, set[str]] = {}
    for row in rows:
        assert row["speaker"].startswith("mine:speaker")
        assert row["acoustic_model"] == row["vocoder"] == "recording:mine"
        assert row["license"] == "cc-by-4.0"
        assert row["transcript"] == " ".join(word["word"] for word in row["words"])
        assert row["sample_rate"] == 22_050
        splits.setdefault(row["speaker"], set()).add(row["file"])
    assert all(len(found) == 1 for found in splits.values())
    assert {"train", "test"} == set().union(*splits.values())


def test_another_sound_makes_the_waves_anew_and_no_sentence(
    tmp_path: Path, corpus: Path, tiny_voices: TinyVoices
) -> None:
    config = _build(tmp_path, tiny_voices, corpus)
    before = stage_keys(config)
    _write_sound(corpus / "wavs" / "s0-0.wav", 300)
    after = stage_keys(config)
    assert before["frontend"] == after["frontend"]
    assert before["vocode"] != after["vocode"]


@pytest.mark.parametrize("line", ["a|ann|{0}|{0}", "a|{0}|{0}"])
def test_commas_of_the_first_sentence_are_no_columns(tmp_path: Path, line: str) -> None:
    said = 'Printing, in the only sense, in the only sense, is "new, they say.'
    (tmp_path / "metadata.csv").write_text(line.format(said))
    _write_sound(tmp_path / "wavs" / "a.wav", 200)
    (found,) = read_recordings(OwnRecordings(tmp_path, 1.0, "CC0-1.0"))
    assert (found.id, found.text) == ("a", said)


def _audio_folder(folder: Path, rows: Sequence[Mapping[str, object]]) -> OwnRecordings:
    _write_sound(folder / "clips" / "a.wav", 200)
    lines = "\n".join(json.dumps(row) for row in rows)
    (folder / "metadata.jsonl").write_text(lines)
    return OwnRecordings(folder, 1.0, "CC0-1.0", name="mine")


def test_a_hugging_face_audio_folder_is_read(tmp_path: Path) -> None:
    rows = [{"file_name": "clips/a.wav", "transcription": "Hello.", "speaker_id": "ann"}]
    (found,) = read_recordings(_audio_folder(tmp_path, rows))
    assert (found.speaker, found.id, found.text) == ("mine:ann", "clips/a", "Hello.")
    assert found.path.is_file()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"file_name": "b.wav", "text": "Hello."}, "metadata.jsonl:1: b.wav: no such sound file"),
        ({"file_name": "clips/a.wav", "text": "..."}, "metadata.jsonl:1: no words in `text`"),
        ({"file_name": "clips/a.wav"}, "no column of text; one of text, sentence"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, row: dict, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_recordings(_audio_folder(tmp_path, [row]))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("clips/a.wav,Caf\u00e9", "3: not UTF-8 text"),
        ("clips/a.wav,Hello, you", "3: 3 fields under 2 columns"),
        ("clips/a.wav,Hello again.", "3: clips/a.wav: listed before, in line 2"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_as_what_it_is(
    tmp_path: Path, line: str, told: str
) -> None:
    _write_sound(tmp_path / "clips" / "a.wav", 200)
    listed = tmp_path / "metadata.csv"
    listed.write_text(f"file_name,text\nclips/a.wav,Hello.\n{line}\n", encoding="latin-1")
    with pytest.raises(DataError, match=f"metadata.csv:{told}"):
        read_recordings(OwnRecordings(tmp_path, 1.0, "CC0-1.0"))


@pytest.mark.parametrize(
    ("speaker", "said_by"), [(0, "0"), (float("nan"), "mine"), (None, "mine"), ("ann", "ann")]
)
def test_a_speaker_is_known_by_any_number_but_not_by_a_missing_one(
    tmp_path: Path, speaker: object, said_by: str
) -> None:
    row = {"file_name": "clips/a.wav", "text": "Good morning.", "speaker_id": speaker}
    (found,) = read_recordings(_audio_folder(tmp_path / "mine", [row]))
    assert found.speaker == f"mine:{said_by}"


@pytest.mark.parametrize(
    ("text", "told"),
    [(float("nan"), "no words in `text`"), (["Good", "morning"], "`text` holds no text")],
)
def test_a_text_that_is_missing_or_none_is_told(tmp_path: Path, text: object, told: str) -> None:
    with pytest.raises(DataError, match=f"metadata.jsonl:1: {told}"):
        read_recordings(_audio_folder(tmp_path, [{"file_name": "clips/a.wav", "text": text}]))


def test_blank_lines_are_no_recordings(tmp_path: Path) -> None:
    _write_sound(tmp_path / "clips" / "a.wav", 200)
    (tmp_path / "metadata.csv").write_text("file_name,text\n\nclips/a.wav,Hello.\n\n")
    (found,) = read_recordings(OwnRecordings(tmp_path, 1.0, "CC0-1.0"))
    assert found.text == "Hello."


def test_lines_of_a_corpus_that_cannot_be_used_are_rejects(corpus: Path) -> None:
    listed = corpus / "metadata.csv"
    listed.write_text(f"{listed.read_text()}\ns0-0|speaker0|yes|yes\nnone|speaker0|no|no\n")
    source = recordings_source("sentences.recordings[0]", OwnRecordings(corpus, 1.0, "CC0-1.0"))
    rows = list(sentences_of(source, 24, Maker("mine", 1, None)))
    assert [row.reason for row in rows if isinstance(row, Reject)] == [
        "metadata.csv:25: listed before: s0-0 is that of line 1",
        "metadata.csv:26: no sound file: wavs/none is missing; looked for .wav, .flac",
    ]
    assert sum(isinstance(row, Sentence) for row in rows) == 24


@pytest.mark.parametrize(
    ("also", "told"),
    [
        ("output.disjoint=[]", "output.disjoint: sentences.recordings.0. has real speakers"),
        ("judge.recognizer=null", "judge.recognizer: null, and it finds the words"),
        ("voice.quota={}", "voice.quota: sentences.recordings.0. has speakers"),
        ("sentences.count=40", "30 recordings asked for, but it holds 24; lower"),
    ],
)
def test_what_a_build_with_recordings_needs_is_told_before_any_work(
    tmp_path: Path, corpus: Path, tiny_voices: TinyVoices, also: str, told: str
) -> None:
    with pytest.raises((ConfigError, DataError), match=told):
        check_build(_build(tmp_path, tiny_voices, corpus, also))


def test_recordings_without_a_licence_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="license: say what the licence of these recordings is"):
        OwnRecordings(tmp_path, 0.5, "")
