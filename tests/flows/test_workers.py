"""Which runner a build gets, and that two stages never share one GPU."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from prefect.task_engine import TaskRunTimeoutError
from prefect.task_runners import ThreadPoolTaskRunner

from flows.workers import gpu_slot, made_for, maker
from models.errors import ConfigError
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.stages import plan
from pipeline.text.normalize import normalize
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


@pytest.fixture
def job(tmp_path: Path, tiny_voices: TinyVoices) -> Job:
    return plan(load_build_config(write_tiny_build(tmp_path, tiny_voices, 6, shard_size=2)))


def _run_by(job: Job, runner: Literal["threads", "processes", "ray"]) -> Job:
    runtime = replace(job.config.runtime, runner=runner)
    return replace(job, config=replace(job.config, runtime=runtime))


def _process_and_key(job: Job, path: Path) -> tuple[int, str]:
    return os.getpid(), os.environ.get("VOXLOOM_TEST_KEY", "")


def _dies(job: Job, path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _takes_a_minute(job: Job, path: Path) -> None:
    time.sleep(60)


def test_threads_make_shards_in_this_process(job: Job, tmp_path: Path) -> None:
    with made_for(_run_by(job, "threads")) as runner:
        assert isinstance(runner, ThreadPoolTaskRunner)
        assert maker.get()("judge", _process_and_key, job, tmp_path)[0] == os.getpid()


def test_processes_make_shards_elsewhere_with_the_keys_of_this_one(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXLOOM_TEST_KEY", "sesame")
    with made_for(_run_by(job, "processes")):
        process, key = maker.get()("judge", _process_and_key, job, tmp_path)
    assert (process != os.getpid(), key) == (True, "sesame")


def _reads_many(job: Job, path: Path) -> int:
    """How many processes a worker has started for more readings than one usually does alone."""
    normalize([f"at {hour}:{minute}" for hour in range(1, 13) for minute in range(10, 22)])
    return len(multiprocessing.active_children())


def test_a_worker_process_starts_none_of_its_own(job: Job, tmp_path: Path) -> None:
    """Its siblings have the cores, and it would wait for them at its end for ever."""
    with made_for(_run_by(job, "processes")):
        assert maker.get()("frontend", _reads_many, job, tmp_path) == 0


def test_a_process_that_dies_is_told_as_a_broken_pool(job: Job, tmp_path: Path) -> None:
    with made_for(_run_by(job, "processes")), pytest.raises(BrokenProcessPool):
        maker.get()("judge", _dies, job, tmp_path)


def test_a_shard_that_takes_too_long_is_stopped_in_its_process(job: Job, tmp_path: Path) -> None:
    by_processes = _run_by(job, "processes")
    runtime = replace(by_processes.config.runtime, shard_timeout_s=0.1)
    hurried = replace(job, config=replace(job.config, runtime=runtime))
    with made_for(hurried):
        with pytest.raises(TaskRunTimeoutError):
            maker.get()("judge", _takes_a_minute, hurried, tmp_path)
        assert maker.get()("judge", _process_and_key, hurried, tmp_path)


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
