"""A dataset's own clips as sounds, whatever its shards are, and each in its own split alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from pipeline.audio.files import pcm16
from pipeline.augment import own_speech
from pipeline.augment.augmenter import Augmented, Augmenter, AugmentSetting
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links import Babble
from pipeline.augment.own_speech import (
    OWN_CLIPS,
    Talker,
    own_rows,
    own_source,
    talkers_of_splits,
    write_own_speech,
)
from pipeline.augment.sounds.library import load_sounds
from pipeline.augment.stratified import Rank
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.distributions import Distribution
from pipeline.records import CleanClip, Noise
from pipeline.splits import split_of
from pipeline.verify.replay import replay
from tests.tiny_build import rows_by_id, rows_of_build, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices

RATE = 8000
CLIPS = [
    CleanClip(f"home-{index}", "v", RATE, 800, pcm16(index / 10 * np.sin(np.arange(800))).tobytes())
    for index in range(3)
]
TALKERS = [Talker(clip) for clip in CLIPS]
SPLIT = {"train": 0.6, "validation": 0.1, "test": 0.3}
SEED = 1


def test_clips_become_sounds_with_the_licence_of_the_dataset(tmp_path):
    folder = write_own_speech(tmp_path, TALKERS, "cc-by-4.0")
    library = load_sounds(folder, RATE, "babble")
    assert [sound.source for sound in library.sounds] == [own_source(clip.id) for clip in CLIPS]
    assert {sound.license for sound in library.sounds} == {"cc-by-4.0"}
    wave = library.wave("own/home-2.flac")
    assert np.corrcoef(wave, CLIPS[2].wave)[0, 1] > 0.9
    assert own_rows(["noise/rain/a.flac", "own/home-2.flac"]) == ["home-2"]


def test_a_folder_that_is_there_is_left_and_a_failure_leaves_none(tmp_path):
    folder = write_own_speech(tmp_path, TALKERS, "mit")
    assert write_own_speech(tmp_path, iter(()), "mit") == folder
    with pytest.raises(DataError, match="none of the first clips is good enough"):
        write_own_speech(tmp_path / "new", [], "mit")
    assert list((tmp_path / "new").iterdir()) == []


def test_every_split_has_its_share_of_talkers_and_more_than_talk_at_once() -> None:
    assert talkers_of_splits({"train": 1.0}, 6) == {"train": OWN_CLIPS}
    assert talkers_of_splits({"train": 0.5, "validation": 0.0, "test": 0.5}, 6) == {
        "train": 32,
        "test": 32,
    }
    assert talkers_of_splits({"train": 0.98, "test": 0.02}, 6) == {"train": 63, "test": 7}


def own_talkers(count: int) -> list[Talker]:
    rng = np.random.default_rng(0)
    ids = [f"va-{index:03d}" for index in range(count)]
    waves = {id: pcm16(0.1 * rng.standard_normal(RATE // 2)).tobytes() for id in ids}
    return [
        Talker(CleanClip(id, "v", RATE, RATE // 2, waves[id]), split_of(id, SEED, SPLIT))
        for id in ids
    ]


def talkers_behind(clip: Augmented) -> list[str]:
    return own_rows(json.loads(clip.augmentations[0].parameters)["sources"])


@pytest.mark.parametrize("sampler", ["independent", "stratified"])
@pytest.mark.parametrize("split_sources", [True, None, False])
def test_a_clip_hears_others_of_its_split_and_each_once(tmp_path, split_sources, sampler) -> None:
    talkers = own_talkers(64)
    chain = (Babble(own=True, voices=Distribution(value=3)),)
    config = AugmentConfig(chain=chain, split_sources=split_sources, sampler=sampler)
    setting = AugmentSetting(
        own=write_own_speech(tmp_path, talkers, "mit"),
        split=SPLIT,
        ranks={clip.id: Rank("a", number) for number, (clip, _) in enumerate(talkers)},
    )
    augmenter = Augmenter(config, RATE, setting)
    splits = {clip.id: split for clip, split in talkers}
    heard = set[str]()
    for clip, split in talkers:
        behind = talkers_behind(augmenter.augment(clip.id, clip.wave, SEED))
        assert len(set(behind)) == len(behind) == 3
        assert clip.id not in behind
        assert {splits[id] for id in behind} == {split}
        heard |= set(behind)
    assert len(heard) > 55


def test_a_split_that_was_decided_with_the_sentence_is_the_one_that_counts(tmp_path) -> None:
    talkers = [Talker(clip, "test") for clip, _ in own_talkers(4)]
    setting = AugmentSetting(
        own=write_own_speech(tmp_path, talkers, "mit"),
        split=SPLIT,
        splits={clip.id: "test" for clip, _ in talkers},
    )
    augmenter = Augmenter(AugmentConfig(chain=(Babble(own=True),)), RATE, setting)
    for clip, _ in talkers:
        assert len(talkers_behind(augmenter.augment(clip.id, clip.wave, SEED))) >= 3


def test_who_is_alone_in_a_split_stays_without_babble(tmp_path) -> None:
    (talker,) = own_talkers(1)
    folder = write_own_speech(tmp_path, [talker], "mit")
    for split in (SPLIT, None):
        setting = AugmentSetting(own=folder, split=split)
        augmenter = Augmenter(AugmentConfig(chain=(Babble(own=True),)), RATE, setting)
        clip = augmenter.augment(talker.clip.id, talker.clip.wave, SEED)
        assert talkers_behind(clip) == []
        assert clip.noise == Noise()
        np.testing.assert_array_equal(clip.wave, talker.clip.wave)


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


def test_in_a_build_of_disjoint_splits_no_talker_is_of_another(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the first clips are of one split, and others lie in later shards."""
    monkeypatch.setattr(own_speech, "OWN_CLIPS", 1)
    config = write_tiny_build(tmp_path, tiny_voices, count=16)
    asked = [
        "augment={chain: [{link: babble, own: true, voices: 2}], sampler: stratified}",
        "output={split: {train: 0.6, test: 0.4}, disjoint: [text], keep_clean: true}",
    ]
    logs = []
    for shard_size, workers in ((4, 1), (16, 1), (4, 2)):
        folder = tmp_path / f"{shard_size}-{workers}"
        where = [f"runtime.shard_size={shard_size}", f"output.path={folder / 'out'}"]
        job = stages.plan(load_build_config(config, [*asked, *where]))
        dataset = run_stages(job, workers, pages=False)
        rows = rows_by_id(dataset)
        own = stages.own_speech(job)
        assert own is not None
        splits = [rows[path.stem]["file"] for path in own.glob("*.flac")]
        assert (splits.count("train"), splits.count("test")) == (3, 3)
        for id, row in rows.items():
            behind = own_rows(json.loads(row["augmentations"][0]["parameters"])["sources"])
            assert len({*behind, id}) == 3
            assert {rows[talker]["file"] for talker in behind} == {row["file"]}
        logs.append({id: (row["augmentations"], row["audio"]) for id, row in rows.items()})
        assert replay(dataset, next(iter(rows))).is_equal
    assert logs[0] == logs[1] == logs[2]
