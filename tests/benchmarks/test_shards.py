"""The cost of a shard is what many take longer than one."""

from pathlib import Path

import pytest

from benchmarks.shards import shard_s, stages_s
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


def test_every_stage_makes_every_shard(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(job: Job, shard: Path) -> Path:
        made.append(shard.stem)
        return shard

    monkeypatch.setattr(stages, "MAKERS", {"vocode": counted, "judge": counted})
    config = load_build_config(write_tiny_build(tmp_path, tiny_voices))
    assert stages_s(config, count=4, shard_size=2) >= 0
    assert len(made) == 4
    assert len(set(made)) == 2


def test_a_shard_of_many() -> None:
    assert shard_s(one_s=2.0, many_s=5.0, num_shards=4) == pytest.approx(1.0)
