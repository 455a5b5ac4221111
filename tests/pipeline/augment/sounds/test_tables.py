"""Sounds in Parquet files, as the Hugging Face hub holds them."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from models.errors import DataError
from models.waveform import audible
from pipeline.augment.sounds.library import UNKNOWN_LICENSE, folder_digest, load_sounds
from pipeline.augment.sounds.tables import table_audio, table_rows

RATE = 16000


def flac(seed: int, num_samples: int = 400) -> bytes:
    buffer = io.BytesIO()
    wave = 0.1 * np.random.default_rng(seed).standard_normal(num_samples)
    soundfile.write(buffer, wave, RATE, format="FLAC")
    return buffer.getvalue()


def write_table(path: Path, count: int = 5, **columns: list) -> None:
    audio = [{"bytes": flac(seed), "path": f"{seed}.flac"} for seed in range(count)]
    table = pa.table({"audio": audio, **columns})
    names = {"label": {"names": ["rain", "dog"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": names}})}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), path, row_group_size=2)


def test_rows_say_class_licence_and_recording(tmp_path):
    write_table(
        tmp_path / "a.parquet",
        label=[0, 1, 1, 0, 1],
        license=["CC0", "CC BY", None, "CC0", "CC0"],
        recording=["x", "x", "y", "", "z"],
    )
    rows = list(table_rows(tmp_path / "a.parquet"))
    assert [row.sound_class for row in rows] == ["rain", "dog", "dog", "rain", "dog"]
    assert [row.license for row in rows] == ["CC0", "CC BY", "", "CC0", "CC0"]
    assert [row.recording for row in rows] == ["x", "x", "y", "", "z"]


def _decoded(data: bytes) -> np.ndarray:
    return audible(soundfile.read(io.BytesIO(data), dtype="float32")[0], RATE)


def test_a_folder_may_hold_tables_beside_files(tmp_path):
    folder = tmp_path / "hub"
    write_table(folder / "data/train.parquet", category=["sea"] * 5)
    soundfile.write(folder / "hum.wav", np.ones(100) / 2, RATE)
    library = load_sounds(folder, RATE, "noise")
    assert [sound.source for sound in library.sounds] == [
        *(f"hub/data/train.parquet#{row}" for row in range(5)),
        "hub/hum.wav",
    ]
    assert [sound.sound_class for sound in library.sounds] == ["sea"] * 5 + ["noise"]
    assert {sound.license for sound in library.sounds} == {UNKNOWN_LICENSE}
    np.testing.assert_array_equal(library.wave("hub/data/train.parquet#3"), _decoded(flac(3)))


def test_one_table_may_stand_for_a_folder(tmp_path):
    write_table(tmp_path / "noise.parquet")
    library = load_sounds(tmp_path / "noise.parquet", 2 * RATE, "noise")
    assert library.sounds[4].source == "noise.parquet#4"
    assert len(library.wave("noise.parquet#4")) == 800
    assert folder_digest(tmp_path / "noise.parquet") != folder_digest(tmp_path)


def test_a_table_without_audio_is_named_with_what_it_has(tmp_path):
    pq.write_table(pa.table({"sound": [1]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: has no column `audio`; it has sound"):
        load_sounds(tmp_path, RATE, "noise")


def test_what_is_not_parquet_is_named(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 or so")
    with pytest.raises(DataError, match=r"a\.parquet: not a sound \.parquet file"):
        load_sounds(tmp_path, RATE, "noise")


def test_a_row_without_a_sound_is_named_when_it_is_heard(tmp_path):
    audio = [{"bytes": b"noise, as text", "path": ""}, {"bytes": None, "path": "gone.wav"}]
    pq.write_table(pa.table({"audio": audio}), tmp_path / "a.parquet")
    library = load_sounds(tmp_path / "a.parquet", RATE, "noise")
    with pytest.raises(DataError, match=r"a\.parquet: row 0: 14 bytes of audio: not a sound"):
        library.wave("a.parquet#0")
    with pytest.raises(DataError, match=r"a\.parquet: row 1: holds no audio"):
        library.wave("a.parquet#1")
    with pytest.raises(DataError, match="has no row 2; it has 2"):
        table_audio(tmp_path / "a.parquet", 2)


def test_the_speech_of_an_earlier_dataset_is_taken_without_its_noise(tmp_path):
    clean = [{"bytes": flac(seed), "path": ""} for seed in range(10, 15)]
    write_table(tmp_path / "a.parquet", clean_audio=clean)
    library = load_sounds(tmp_path / "a.parquet", RATE, "noise")
    np.testing.assert_array_equal(library.wave("a.parquet#1"), _decoded(flac(11)))
