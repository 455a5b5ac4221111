"""Where tasks run: the runner that a build asks for, and whose turn it is on the GPU."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect.concurrency.sync import concurrency
from prefect.settings import get_current_settings
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from models.errors import ConfigError
from pipeline.config import RuntimeConfig

_this_process_gpu = threading.Lock()


def task_runner(runtime: RuntimeConfig) -> TaskRunner[Any]:
    """The Prefect task runner for `runtime.runner`, with `runtime.workers` workers.

    Raises `ConfigError` when Ray is asked for and not installed.
    """
    if runtime.runner == "ray":
        return _ray_runner(runtime.num_workers)
    if runtime.runner == "processes":
        return ProcessPoolTaskRunner(max_workers=runtime.num_workers)
    return ThreadPoolTaskRunner(max_workers=runtime.num_workers)


def _ray_runner(num_workers: int) -> TaskRunner[Any]:
    """On the cluster that `RAY_ADDRESS` names, else on a Ray of this machine's own."""
    import os

    try:
        from prefect_ray import RayTaskRunner
    except ImportError:
        message = "runtime.runner: ray needs prefect-ray; pip install 'voxloom[ray]'"
        raise ConfigError(message) from None
    address = os.environ.get("RAY_ADDRESS")
    local = {} if address else {"num_cpus": num_workers}
    runner: TaskRunner[Any] = RayTaskRunner(address=address, init_kwargs=local)
    return runner


@contextmanager
def gpu_slot(device: str) -> Iterator[None]:
    """Hold the GPU while a stage runs on it; nothing to hold on a CPU.

    With a Prefect server, the slot is one of its concurrency limit `gpu` (as many as it has:
    `prefect gcl create gpu --limit 1`). The temporary server of a single machine dies with
    its build, and a slot held by a killed build would never come free: a lock does there.
    """
    if device == "cpu":
        yield
    elif get_current_settings().api.url is None:
        with _this_process_gpu:
            yield
    else:
        with concurrency("gpu", occupy=1):
            yield
