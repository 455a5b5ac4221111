"""Which runner a build gets, and that two stages never share one GPU."""

import sys
import threading
import time

import pytest
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from flows.workers import gpu_slot, task_runner
from models.errors import ConfigError
from pipeline.build.runtime import RuntimeConfig


def test_the_runner_is_the_one_asked_for() -> None:
    assert isinstance(task_runner(RuntimeConfig()), ThreadPoolTaskRunner)
    assert isinstance(task_runner(RuntimeConfig(runner="processes")), ProcessPoolTaskRunner)


def test_ray_without_prefect_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_ray", None)
    with pytest.raises(ConfigError, match="prefect-ray"):
        task_runner(RuntimeConfig(runner="ray"))


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
