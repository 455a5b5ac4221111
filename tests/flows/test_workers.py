"""Which runner a build gets, and that two stages never share one GPU."""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from flows.workers import gpu_slot, made_for
from models.errors import ConfigError
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.stages import plan
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


@pytest.fixture
def job(tmp_path: Path, tiny_voices: TinyVoices) -> Job:
    return plan(load_build_config(write_tiny_build(tmp_path, tiny_voices, 6, shard_size=2)))


def _run_by(job: Job, runner: Literal["threads", "processes", "ray"]) -> Job:
    runtime = replace(job.config.runtime, runner=runner)
    return replace(job, config=replace(job.config, runtime=runtime))


def test_the_runner_is_the_one_asked_for(job: Job) -> None:
    with made_for(_run_by(job, "threads")) as runner:
        assert isinstance(runner, ThreadPoolTaskRunner)
    with made_for(_run_by(job, "processes")) as runner:
        assert isinstance(runner, ProcessPoolTaskRunner)


def test_ray_that_is_not_installed_says_what_to_install(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"needs Ray; pip install"), made_for(_run_by(job, "ray")):
        pass


@pytest.mark.parametrize(("device", "most_at_once"), [("cuda", 1), ("cpu", 4)])
def test_one_stage_at_a_time_holds_the_gpu(device: str, most_at_once: int) -> None:
    running, seen = 0, []
    counting = threading.Lock()
    together = threading.Barrier(most_at_once)

    def stage() -> None:
        nonlocal running
        with gpu_slot(device):
            with counting:
                running += 1
                seen.append(running)
            together.wait(timeout=10)
            time.sleep(0.01)
            with counting:
                running -= 1

    threads = [threading.Thread(target=stage) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(seen) == most_at_once
