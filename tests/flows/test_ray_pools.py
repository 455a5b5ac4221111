"""A build on a real Ray of this machine, where that is installed, while an actor dies."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from flows import stage_tasks
from flows.build_dataset import build
from flows.in_memory_runs import in_memory_runs
from flows.ray_pools import StageWorker
from models.errors import DataError
from pipeline.build.config import load_build_config
from pipeline.build.runtime import (
    SHARD_STAGES,
    RayPoolConfig,
    RuntimeConfig,
    ShardStage,
    ray_pools_of,
)
from pipeline.build.stages import plan
from pipeline.storage import processes
from tests.faults.disturbed_build import processes_of
from tests.tiny_build import rows_by_id, write_tiny_build
from tests.tiny_voices import TinyVoices


def test_a_gpu_has_a_pool_of_its_own() -> None:
    (every,) = ray_pools_of(RuntimeConfig(workers=4), "cpu")
    assert every == RayPoolConfig(SHARD_STAGES, workers=4)
    on_gpu, others = ray_pools_of(RuntimeConfig(workers=4), "cuda")
    assert (on_gpu.stages, on_gpu.gpus) == (("synthesize", "vocode"), 1)
    assert sorted(on_gpu.stages + others.stages) == sorted(SHARD_STAGES)


def test_an_actor_starts_no_processes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_shares_cores", False)
    assert processes.may_start_processes()
    StageWorker()
    assert not processes.may_start_processes()


def test_a_build_on_ray_has_the_same_rows_though_an_actor_dies(
    tmp_path: Path, tiny_voices: TinyVoices, tiny_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    from flows import ray_pools

    killed: list[int] = []
    make = ray_pools.RayPools.make

    def kill_one(self: ray_pools.RayPools, stage: ShardStage, *piece: Any) -> Any:
        if stage == "judge" and not killed:
            killed.append(processes_of(os.getpid(), "ray::StageWorker")[0])
            os.kill(killed[0], signal.SIGKILL)
        return make(self, stage, *piece)

    monkeypatch.setattr(ray_pools.RayPools, "make", kill_one)
    monkeypatch.setattr(stage_tasks, "_SEALED_IN_TURN", 0)  # actors write the data files, too
    config = write_tiny_build(tmp_path, tiny_voices, 6, shard_size=3)
    on_ray = load_build_config(config, ["runtime.runner=ray", "runtime.workers=1"])
    with in_memory_runs():
        dataset = build(plan(on_ray))
    rows = rows_by_id(dataset)
    assert len(rows) == 6
    assert rows.items() <= rows_by_id(tiny_dataset).items(), "the first of a larger build"
    assert killed


def test_a_cluster_that_does_not_answer_is_named(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")

    def init(**_: object) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    on_ray = ["runtime.runner=ray"]
    job = plan(load_build_config(write_tiny_build(tmp_path, tiny_voices), on_ray))
    with pytest.raises(DataError, match=r"RAY_ADDRESS: 10\.0\.0\.1:6379: nobody answers"):
        build(job)
