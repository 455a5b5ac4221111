"""A clip is made again, bit for bit, from its clean version and its log."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from models.errors import DataError
from pipeline.audio.files import decode_audio, encode_flac
from pipeline.augment.augmentation_log import read_log
from pipeline.augment.augmenter import Augmenter, AugmentSetting
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links import LINKS, AnyLink
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.dataset.files import data_files
from pipeline.verify.replay import replay
from tests.pipeline.augment.links.every_link import RATE, every_link, words
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import save_tiny_voices

ALL = [kind.link for kind in LINKS.values()]


def test_clips_through_every_link_are_the_same_bits(tmp_path):
    """By way of FLAC and of the JSON of the rows, in another Augmenter."""
    config = AugmentConfig(chain=tuple(every_link(tmp_path, probability=0.15)))
    split = {"train": 0.5, "test": 0.5}
    augmenter = Augmenter(config, RATE, AugmentSetting(split=split, keep_noise=True))
    again = Augmenter(config, RATE)
    applied = set()
    for index in range(80):
        clean, _ = decode_audio(encode_flac(words(0.25, seed=index), RATE))
        first = augmenter.augment(f"clip-{index}", clean, seed=3)
        columns = [
            {"link": entry.link, "parameters": entry.parameters} for entry in first.augmentations
        ]
        second = again.apply(clean, read_log(columns, "row"))
        np.testing.assert_array_equal(first.wave, second.wave)
        assert first.augmentations == second.augmentations
        assert (first.noise, first.room, first.channel) == (
            second.noise,
            second.room,
            second.channel,
        )
        applied |= {entry.link for entry in first.augmentations}
    assert applied == set(ALL)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with a chain of links, its shards in `.voxloom/tiny` beside it."""
    folder = tmp_path_factory.mktemp("build")
    path = write_tiny_build(folder, save_tiny_voices(folder / "voices"), count=6)
    config = yaml.safe_load(path.read_text())
    config["augment"] = {
        "chain": [
            {"link": "speed"},
            {"link": "silence", "leading_s": 0.2, "trailing_s": 0.1},
            {"link": "room_response", "folder": str(folder / "rooms")},
            {"link": "background_noise", "folder": str(folder / "noise"), "probability": 0.5},
            {"link": "babble", "own": True, "voices": 2, "probability": 0.7},
            {"link": "codec", "codec": "mp3"},
        ]
    }
    config["output"] |= {"keep_clean": True, "keep_noise": True}
    path.write_text(yaml.safe_dump(config))
    return run_stages(stages.plan(load_build_config(path)))


def test_every_row_of_a_build_is_made_again(built):
    rows = rows_by_id(built)
    for row_id, row in rows.items():
        replayed = replay(built, row_id)
        assert replayed.is_equal
        assert replayed.clean_from == "clean_audio"
        assert not replayed.has_other_sounds
        assert replayed.audio == row["audio"]["bytes"]
        assert [link for link, _ in replayed.log] == [e["link"] for e in row["augmentations"]]
    assert any(row["noise_audio"] is None for row in rows.values())
    assert any("own/" in row["noise"]["source"] for row in rows.values())
    noisy = next(row for row in rows.values() if row["noise_audio"])
    noise, _ = decode_audio(noisy["noise_audio"]["bytes"])
    assert len(noise) / noisy["sample_rate"] == noisy["duration_s"]


def test_words_move_with_speed_and_silence(built):
    for row in rows_by_id(built).values():
        speed = json.loads(row["augmentations"][0]["parameters"])["speed"]
        clean, rate = decode_audio(row["clean_audio"]["bytes"])
        assert row["duration_s"] == pytest.approx(len(clean) / rate / speed + 0.3, abs=1e-3)
        assert row["words"][0]["start_s"] >= 0.2
        assert row["words"][-1]["end_s"] <= row["duration_s"] - 0.1 + 1e-3


def changed(built: Path, folder: Path, **columns: object) -> Path:
    """A copy of the dataset in which every row has other values; None takes the column out."""
    copy = shutil.copytree(built, folder / "dataset")
    for path in data_files(copy):
        table = pq.read_table(path)
        for name, value in columns.items():
            index = table.schema.get_field_index(name)
            table = table.remove_column(index)
            if value is not None:
                values = pa.array([value] * table.num_rows)
                table = table.add_column(index, name, values)
        pq.write_table(table, path)
    return copy


def test_without_a_clean_column_the_shards_of_the_build_are_asked(built, tmp_path):
    row_id = next(iter(rows_by_id(built)))
    copy = changed(built, tmp_path, clean_audio=None)
    work_dir = built.parent / ".voxloom" / "tiny"
    replayed = replay(copy, row_id, work_dir)
    assert replayed.is_equal
    assert str(work_dir / "vocode") in replayed.clean_from
    with pytest.raises(DataError, match=r"clean version"):
        replay(copy, row_id)


def test_a_clip_that_was_changed_is_told(built, tmp_path):
    row_id = next(iter(rows_by_id(built)))
    other = {"bytes": encode_flac(words(0.5), 22050), "path": f"{row_id}.flac"}
    assert not replay(changed(built, tmp_path, audio=other), row_id).is_equal


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ([{"link": "echo", "parameters": "{}"}], r"augmentations\[0\]\.link: 'echo' is not one of"),
        ([{"link": "gain", "parameters": "{gain"}], r"augmentations\[0\]\.parameters: not JSON"),
        ([{"link": "gain", "parameters": "[3]"}], r"parameters: expected an object, found \[3\]"),
        ([{"link": "gain", "parameters": '{"loud": 3}'}], "gain: cannot be applied with {'loud'"),
        (
            [{"link": "room_response", "parameters": '{"source": "rooms/attic.wav"}'}],
            r"no folder of sounds holds rooms/attic\.wav",
        ),
    ],
)
def test_a_log_that_no_chain_writes_is_named(built, tmp_path, log, message):
    row_id = next(iter(rows_by_id(built)))
    with pytest.raises(DataError, match=message):
        replay(changed(built, tmp_path, augmentations=log), row_id)


def test_a_row_that_is_not_there_is_named(built):
    with pytest.raises(DataError, match="has no row home-nobody"):
        replay(built, "home-nobody")


def test_every_kind_of_link_is_in_the_union():
    assert {kind.link for kind in AnyLink.__args__} == set(ALL)
    assert len(ALL) == len(set(ALL)) >= 18
