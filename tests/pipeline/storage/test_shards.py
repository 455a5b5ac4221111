"""Shards hold every record type exactly, and know when a byte of theirs has changed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from pipeline.records import (
    Augmentation,
    Channel,
    CleanClip,
    FinishedClip,
    JudgedClip,
    Judgement,
    MelClip,
    Noise,
    Performance,
    Quality,
    Reject,
    Room,
    Sentence,
    Slot,
    SpokenSentence,
    WordTime,
)
from pipeline.storage import shards
from pipeline.storage.shards import (
    is_intact,
    read_rejects,
    read_shard,
    shard_key,
    shard_path,
    write_shard,
)

MEL = np.arange(12, dtype=np.float16).reshape(3, 4) / 7
SPOKEN = Performance(
    "alba", 1.1, -0.5, 1.0, (WordTime("wake", 0.1, 0.35),), "fs@1", 1.2, 0.9, "so ..."
)
CLEAN = CleanClip("a-1", "vocos@1", 22050, 7, bytes(range(14)))
JUDGED = Judgement(None, None, None, None, None, 12.0, 0.1, -24.0, 30.0, 0.0, 0.0)
RECORDS = [
    Sentence("a-1", "Wake me at 7:30", "a", "alarm:1", "alarm", (Slot("time", "7:30"),)),
    Sentence("a-2", "Stop", "a", "stop:1", "stop"),
    SpokenSentence("a-1", "wake me", "wake me", "^ w ˈeɪ k | m iː .", "en-us"),
    MelClip("a-1", SPOKEN, MEL, pitch_hz=MEL[:1]),
    MelClip("a-2", replace(SPOKEN, words=()), np.zeros((3, 0), np.float16), ("it stuttered",)),
    CLEAN,
    JudgedClip("a-1", 2, SPOKEN, CLEAN, JUDGED),
    FinishedClip(
        "a-1",
        22050,
        7,
        b"fLaC",
        Noise("rain", "rain.flac", "CC0-1.0", 2.5, 10.0, 10.1),
        Room("hall.flac", "CC0-1.0", 0.7),
        Channel("none", "full", -3.0),
        Quality(0.0, 0.2, -23.0),
        (Augmentation("gain", '{"gain_db": -3.0}', '{"gain_db": -3.0}'),),
        time_scale=1.1,
        time_shift_s=0.25,
    ),
    FinishedClip("a-2", 22050, 7, b"", Noise(), Room(), Channel(), Quality(0.0, 0.0, -70.0)),
]


def plain(record: object) -> object:
    if isinstance(record, MelClip):
        arrays = [(array.dtype, array.tolist()) for array in (record.mel, record.pitch_hz)]
        return replace(record, mel=None, pitch_hz=None), arrays
    return record


@pytest.mark.parametrize(
    "record", RECORDS, ids=lambda record: f"{type(record).__name__}-{record.id}"
)
def test_round_trip(tmp_path: Path, record) -> None:
    reject = Reject("a-9", "frontend", "`xqz` has no phonemes")
    path = write_shard(tmp_path / "new" / "shard.parquet", [record, reject], type(record))
    shard = read_shard(path, type(record))
    assert [plain(row) for row in shard.rows] == [plain(record)]
    assert shard.rejects == [reject] == read_rejects(path)
    assert is_intact(path)


def test_an_empty_shard_is_a_shard(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "shard.parquet", [], Sentence)
    assert is_intact(path)
    assert read_shard(path, Sentence).rows == []


def test_heavy_columns_can_stay_on_disk(tmp_path: Path) -> None:
    mel = write_shard(tmp_path / "mel.parquet", [RECORDS[3]], MelClip)
    assert read_shard(mel, MelClip, without=("mel",)).rows[0].mel.size == 0
    clean = write_shard(tmp_path / "clean.parquet", [CLEAN], CleanClip)
    assert read_shard(clean, CleanClip, without=("pcm",)).rows[0].pcm == b""
    judged = write_shard(tmp_path / "judged.parquet", [RECORDS[6]], JudgedClip)
    (row,) = read_shard(judged, JudgedClip, without=("clean.pcm",)).rows
    assert row == replace(RECORDS[6], clean=replace(CLEAN, pcm=b""))


def test_a_mel_that_was_read_may_be_written_to(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "mel.parquet", [RECORDS[3]], MelClip)
    mel = read_shard(path, MelClip).rows[0].mel
    mel[0, 0] = 7.0
    assert mel[0, 0] == 7.0
    assert read_shard(path, MelClip).rows[0].mel[0, 0] == RECORDS[3].mel[0, 0] != 7.0


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "shard.parquet", [CLEAN], CleanClip)
    data = path.read_bytes()
    for position in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[position] ^= 0x10
        path.write_bytes(flipped)
        assert not is_intact(path), position


def test_cut_off_and_missing_shards_are_not_intact(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "shard.parquet", [RECORDS[0]], Sentence)
    path.write_bytes(path.read_bytes()[:-9])
    assert not is_intact(path)
    assert not is_intact(tmp_path / "none.parquet")


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shard.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(DataError, match=r"shard\.parquet: damaged"):
        read_shard(path, Sentence)
    with pytest.raises(DataError, match=r"none\.parquet: no such shard"):
        read_shard(tmp_path / "none.parquet", Sentence)


def test_another_record_type_is_refused(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "shard.parquet", [RECORDS[0]], Sentence)
    with pytest.raises(DataError, match="expected a shard of MelClip, found Sentence"):
        read_shard(path, MelClip)
    with pytest.raises(TypeError, match="expected Sentence or Reject, found CleanClip"):
        write_shard(path, [RECORDS[5]], Sentence)
    assert is_intact(path)


def test_a_failing_stage_leaves_nothing(tmp_path: Path) -> None:
    def rows():
        yield RECORDS[0]
        raise RuntimeError("the stage broke")

    with pytest.raises(RuntimeError):
        write_shard(tmp_path / "shard.parquet", rows(), Sentence)
    assert list(tmp_path.iterdir()) == []


def test_a_shard_that_could_not_be_read_back_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrow reads no nested column of more than 2 GiB at once."""
    monkeypatch.setattr(shards, "_MOST_COLUMN_BYTES", 1_000)
    clips = [replace(CLEAN, id=str(index)) for index in range(100)]
    with pytest.raises(DataError, match=r"of 100 rows; a shard holds .* lower runtime\.shard_size"):
        write_shard(tmp_path / "a.parquet", clips, CleanClip)
    assert not list(tmp_path.iterdir())


def test_the_key_changes_with_each_part_and_with_nothing_else() -> None:
    settings = {"noise": {"a": 1, "b": 2.5}, "folder": Path("sounds")}
    key = shard_key("augment", 1, settings, ["up"], {"sounds": "12"})
    again = shard_key(
        "augment",
        1,
        {"folder": Path("sounds"), "noise": {"b": 2.5, "a": 1}},
        ("up",),
        {"sounds": "12"},
    )
    assert key == again
    assert len(key) == 16
    others = [
        shard_key("vocode", 1, settings, ["up"], {"sounds": "12"}),
        shard_key("augment", 2, settings, ["up"], {"sounds": "12"}),
        shard_key("augment", 1, {**settings, "folder": Path("other")}, ["up"], {"sounds": "12"}),
        shard_key("augment", 1, settings, ["down"], {"sounds": "12"}),
        shard_key("augment", 1, settings, ["up"], {"sounds": "13"}),
    ]
    assert len({key, *others}) == 6


def test_shards_are_listed_in_order() -> None:
    paths = [shard_path(Path("work"), "frontend", "f00d", index).as_posix() for index in (2, 10)]
    assert paths == ["work/frontend/00002-f00d.parquet", "work/frontend/00010-f00d.parquet"]
