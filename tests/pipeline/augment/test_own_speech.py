"""A dataset's own clips as sounds, whatever its shards are."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from pipeline.audio.files import pcm16
from pipeline.augment.own_speech import OWN_CLIPS, own_rows, own_source, write_own_speech
from pipeline.augment.sounds.library import load_sounds
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.records import CleanClip
from tests.tiny_build import rows_of_build, write_tiny_build
from tests.tiny_voices import TinyVoices

CLIPS = [
    CleanClip(f"home-{index}", "v", 8000, 800, pcm16(index / 10 * np.sin(np.arange(800))).tobytes())
    for index in range(3)
]


def test_clips_become_sounds_with_the_licence_of_the_dataset(tmp_path):
    folder = write_own_speech(tmp_path, CLIPS, "cc-by-4.0")
    library = load_sounds(folder, 8000, "babble")
    assert [sound.source for sound in library.sounds] == [own_source(clip.id) for clip in CLIPS]
    assert {sound.license for sound in library.sounds} == {"cc-by-4.0"}
    wave = library.wave("own/home-2.flac")
    assert np.corrcoef(wave, CLIPS[2].wave)[0, 1] > 0.9
    assert own_rows(["noise/rain/a.flac", "own/home-2.flac"]) == ["home-2"]


def test_a_folder_that_is_there_is_left_and_a_failure_leaves_none(tmp_path):
    folder = write_own_speech(tmp_path, CLIPS, "mit")
    assert write_own_speech(tmp_path, iter(()), "mit") == folder
    with pytest.raises(DataError, match="none of the first clips is good enough"):
        write_own_speech(tmp_path / "new", [], "mit")
    assert list((tmp_path / "new").iterdir()) == []


def test_the_first_clips_of_a_build_talk_in_others_whatever_the_shards(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices, count=8)
    chain = "augment={chain: [{link: babble, own: true, voices: 2}]}"
    logs = []
    for shard_size in (3, 8):
        asked = [chain, f"runtime.shard_size={shard_size}", f"output.path={tmp_path / 'out'}"]
        asked += [f"runtime.work_dir={tmp_path / str(shard_size)}"]
        job = stages.plan(load_build_config(config, asked))
        rows = rows_of_build(job)
        logs.append({id: (row["augmentations"], row["audio"]) for id, row in rows.items()})
        sources = {source for row in rows.values() for source in row["noise"]["source"].split("+")}
        assert {own_rows([source])[0] for source in sources} <= set(rows)
        folder = stages.own_speech(job)
        assert folder is not None
        assert len(list(folder.glob("*.flac"))) == min(OWN_CLIPS, 8)
    assert logs[0] == logs[1]
