"""The bars count what lies on disk, for a build that starts and for one that goes on."""

from pathlib import Path

from flows.progress import Waiting
from pipeline.build import stages
from pipeline.build.config import load_build_config
from tests.tiny_build import run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


def test_shards_are_counted_as_they_appear(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    job = stages.plan(load_build_config(write_tiny_build(tmp_path, tiny_voices)))
    shards = Waiting(job)
    assert set(shards.made().values()) == {0}
    sentences = stages.generate_shards(job)
    stages.frontend_shard(job, sentences[1])
    assert shards.made() == dict.fromkeys(stages.STAGE_NAMES, 0) | {"generate": 3, "frontend": 1}
    run_stages(job)
    assert shards.made() == dict.fromkeys(stages.STAGE_NAMES, 3)
    assert Waiting(job).made() == shards.made()


def test_damaged_sentences_name_no_later_shards(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    job = stages.plan(load_build_config(write_tiny_build(tmp_path, tiny_voices)))
    sentences = stages.generate_shards(job)
    stages.frontend_shard(job, sentences[1])
    whole = sentences[0].read_bytes()
    sentences[0].write_bytes(whole[: len(whole) // 2])
    shards = Waiting(job)
    assert shards.made() == dict.fromkeys(stages.STAGE_NAMES, 0) | {"generate": 3}
    sentences[0].write_bytes(whole)
    assert shards.made()["frontend"] == 1
