"""Rows are joined by id, and a row whose fields contradict each other is found."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from pipeline.audio.files import encode_flac
from pipeline.dataset.manifest import (
    assemble,
    dataset_schema,
    read_part,
    row_problems,
    write_part,
)
from pipeline.licences.summary import RowLicences
from pipeline.records import Augmentation, Reject
from pipeline.storage.shards import is_intact, read_rejects
from tests.pipeline.synthetic_build import (
    finished_clip,
    judged_clip,
    mel_clip,
    rejects,
    rows_of,
    sentence,
    spoken_sentence,
)

LICENCES = RowLicences("mit", {("sentences", "templates:home"): "mit"})

# (path of the changed field, its new value, what the message must name)
CONTRADICTIONS = [
    ("transcript", "turn light b in the kitchen on", "transcript: expected 'turn light a"),
    ("normalized_text", "Turn it on.", "transcript: expected 'turn it on'"),
    ("text", "Turn light a on.", "slots: room is 'kitchen'"),
    ("duration_s", 1.0, "duration_s: expected 1.609375 from audio, found 1.000000"),
    ("sample_rate", 22050, "sample_rate: expected 16000 from audio, found 22050"),
    ("audio.bytes", b"not audio", "audio: cannot be decoded"),
    ("audio.path", "other.flac", "audio.path: expected home-000000000000.flac"),
    ("words.0.word", "burn", "words: expected 'turn light"),
    ("words.1.start_s", 0.0, "words: 'light' from 0.000 s"),
    ("words.6.end_s", 9.0, "words: last ends at 9.000 s, expected within 1.609 s"),
    ("words.2.end_s", float("nan"), "words.2.end_s: expected a finite number, found nan"),
    ("slots.0.end_word", 99, "slots: room is words 5 to 99, expected within 7"),
    ("slots.0.value", None, "slots.0.value: expected a value, found null"),
    ("speaker", None, "speaker: expected a value, found null"),
    ("phonemes", "", "phonemes: expected text"),
    ("domain", "office", "id: expected to begin with the domain 'office'"),
    ("noise.snr_db", None, "noise.snr_db: expected a value for street"),
    ("noise.class", "none", "noise.source: expected nothing for none"),
    ("quality.clipped_fraction", 1.5, "quality.clipped_fraction: expected 0 to 1, found 1.5"),
    ("quality.phone_error_rate", -0.1, "quality.phone_error_rate: expected >= 0"),
    ("pace", 0.0, "pace: expected > 0, found 0.0"),
]


def changed(row: dict, path: str, value: object) -> dict:
    *parents, last = path.split(".")
    target = row
    for name in parents:
        target = target[int(name)] if isinstance(target, list) else target[name]
    target[last] = value
    return row


def test_a_sound_row_has_no_problem_and_every_column() -> None:
    (row,) = rows_of([0])
    assert row_problems(row) == []
    assert set(row) == set(dataset_schema().names)
    assert row["noise"]["class"] == "street"


@pytest.mark.parametrize(("path", "value", "message"), CONTRADICTIONS)
def test_contradictions_are_found(path: str, value: object, message: str) -> None:
    (row,) = rows_of([0])
    problems = row_problems(changed(row, path, value))
    assert any(problem.startswith(message) for problem in problems), problems


def test_audio_of_another_length_is_found() -> None:
    (row,) = rows_of([0])
    row["audio"]["bytes"] = encode_flac(np.zeros(1600, np.float32), 16000)
    assert row_problems(row)[0] == "duration_s: expected 0.100000 from audio, found 1.609375"


def test_an_unjudged_row_is_sound() -> None:
    (row,) = rows_of([0])
    assert row_problems(changed(row, "quality.phone_error_rate", None)) == []


def test_assemble_joins_by_id_in_sentence_order() -> None:
    rng = np.random.default_rng(0)
    written = [sentence(index) for index in range(3)]
    spoken = [spoken_sentence(item) for item in written]
    mels = [mel_clip(item, rng) for item in spoken]
    clips = [finished_clip(mel, rng) for mel in (mels[2], mels[0])]  # 1 was rejected
    judged = [judged_clip(mel) for mel in mels]
    rows = list(assemble(written, spoken[::-1], judged, clips, 7, LICENCES))
    assert [row["id"] for row in rows] == [written[0].id, written[2].id]
    assert [row["speaker"] for row in rows] == [
        mels[0].performance.speaker,
        mels[2].performance.speaker,
    ]
    assert rows[0]["license"] == "mit"


def test_words_lie_where_the_augmented_clip_says_them() -> None:
    rng = np.random.default_rng(0)
    written = sentence(0)
    spoken = spoken_sentence(written)
    mel = mel_clip(spoken, rng)
    clip = finished_clip(mel, rng)
    slower = replace(
        clip,
        num_samples=2 * clip.num_samples + 8000,
        audio=encode_flac(np.ones(2 * clip.num_samples + 8000, np.float32) / 2, 16000),
        augmentations=(Augmentation("speed", '{"speed": 0.5}'),),
        time_scale=2.0,
        time_shift_s=0.5,
    )
    (row,) = assemble([written], [spoken], [judged_clip(mel)], [slower], 7, LICENCES)
    assert [word["start_s"] for word in row["words"]] == [
        pytest.approx(2 * word.start_s + 0.5) for word in mel.performance.words
    ]
    assert row["augmentations"] == [
        {"link": "speed", "parameters": '{"speed": 0.5}', "measured": "{}"}
    ]


def test_assemble_rejects_a_contradictory_row_and_names_a_missing_record() -> None:
    rng = np.random.default_rng(0)
    written = sentence(0)
    spoken = spoken_sentence(written)
    mel = mel_clip(spoken, rng)
    clip = finished_clip(mel, rng)
    late = replace(mel.performance, words=mel.performance.words[1:])
    wrong = judged_clip(replace(mel, performance=late))
    (reject,) = assemble([written], [spoken], [wrong], [clip], 7, LICENCES)
    assert isinstance(reject, Reject)
    assert reject.stage == "manifest"
    assert "words: expected" in reject.reason
    with pytest.raises(DataError, match=f"row {clip.id}: a finished clip without its judged clip"):
        list(assemble([written], [spoken], [], [clip], 7, LICENCES))


def test_parts_keep_rows_and_rejects(tmp_path: Path) -> None:
    rows = rows_of([0, 1])
    path = write_part(tmp_path / "part.parquet", [rows[0], rejects()[0], rows[1]])
    assert is_intact(path)
    assert read_part(path) == rows
    assert read_rejects(path) == rejects()[:1]


def test_kept_clips_stand_beside_the_audio_and_are_checked(tmp_path: Path) -> None:
    (row,) = rows_of([0])
    part = write_part(tmp_path / "plain.parquet", [row])
    assert "clean_audio" not in read_part(part)[0]

    clean = {"bytes": encode_flac(np.ones(400, np.float32) / 2, 16000), "path": "a.clean.flac"}
    noise = {"bytes": row["audio"]["bytes"], "path": "a.noise.flac"}
    kept = row | {"clean_audio": clean, "noise_audio": noise}
    assert read_part(write_part(tmp_path / "part.parquet", [kept])) == [kept]
    assert row_problems(kept) == []
    assert row_problems(row | {"noise_audio": None}) == []
    wrong = row_problems(row | {"noise_audio": clean, "clean_audio": noise | {"bytes": b"x"}})
    assert wrong[0].startswith("clean_audio: cannot be decoded")
    assert wrong[1] == "noise_audio: expected 1.609375 s as audio, found 0.025000"
    other = {"bytes": encode_flac(np.ones(9, np.float32), 8000), "path": ""}
    assert row_problems(row | {"clean_audio": other}) == [
        "clean_audio: expected 16000 Hz, found 8000"
    ]


def test_kept_clips_load_as_audio() -> None:
    schema = dataset_schema(16000, ["clean_audio"])
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert (
        features["clean_audio"] == features["audio"] == {"sampling_rate": 16000, "_type": "Audio"}
    )
    assert "noise_audio" not in features
