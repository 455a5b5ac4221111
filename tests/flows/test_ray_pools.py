"""A build on a real Ray of this machine, where that is installed, while an actor dies."""

import os
import re
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows import stage_tasks
from flows.build_dataset import build
from flows.in_memory_runs import in_memory_runs
from flows.ray_pools import StageWorker
from models.errors import ConfigError, DataError
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


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("nobody answers"),
        RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.40.0\n"),
        ValueError("Invalid address format: 10.0.0.1"),
        Exception("The current node timed out during startup."),
    ],
)
@pytest.mark.parametrize("address", ["10.0.0.1:6379", ""])
def test_a_ray_that_cannot_be_used_is_told_in_a_line(
    tmp_path: Path,
    tiny_voices: TinyVoices,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    address: str,
) -> None:
    def init(**_: object) -> None:
        raise error

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    monkeypatch.setenv("RAY_ADDRESS", address)
    on_ray = ["runtime.runner=ray"]
    job = plan(load_build_config(write_tiny_build(tmp_path, tiny_voices), on_ray))
    where = "RAY_ADDRESS: 10.0.0.1:6379" if address else "runtime.runner: Ray does not start"
    with pytest.raises(DataError, match=re.escape(f"{where}: {' '.join(str(error).split())}")):
        build(job)


def test_pools_of_more_gpus_than_this_machine_has_are_refused(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    stages = ", ".join(SHARD_STAGES)
    pools = f"runtime.ray_pools=[{{stages: [{stages}], workers: 8, gpus: 0.25}}]"
    on_ray = ["runtime.runner=ray", pools, "runtime.device=cpu"]
    job = plan(load_build_config(write_tiny_build(tmp_path, tiny_voices), on_ray))
    with pytest.raises(ConfigError, match=r"runtime\.ray_pools: 2 GPUs are asked for, .* has 1;"):
        build(job)
