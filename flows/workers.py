"""Where tasks run: the runner that a build asks for, and whose turn it is on the GPU."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from prefect.concurrency.sync import concurrency
from prefect.futures import PrefectFuture
from prefect.settings import get_current_settings
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from models.errors import ConfigError
from pipeline.build.job import Job
from pipeline.build.runtime import RuntimeConfig
from pipeline.storage.processes import exit_with_parent

P = ParamSpec("P")
R = TypeVar("R")

ON_GPU = ("synthesize", "vocode", "own-speech")  # names of tasks
_this_process_gpu = threading.Lock()


def task_runner(runtime: RuntimeConfig) -> TaskRunner[Any]:
    """The Prefect task runner for `runtime.runner`, with `runtime.workers` workers.

    Raises `ConfigError` when Ray is asked for and not installed.
    """
    if runtime.runner == "ray":
        return _ray_runner(runtime.num_workers)
    if runtime.runner == "processes":
        workers = runtime.num_workers
        return ProcessPoolTaskRunner(max_workers=workers, initializer=exit_with_parent)
    return ThreadPoolTaskRunner(max_workers=runtime.num_workers)


def _ray_runner(num_workers: int) -> TaskRunner[Any]:
    """On the cluster that `RAY_ADDRESS` names, else on a Ray of this machine's own."""
    try:
        from prefect_ray import RayTaskRunner
    except ImportError:
        message = "runtime.runner: ray needs prefect-ray; pip install 'voxloom[ray]'"
        raise ConfigError(message) from None
    address = os.environ.get("RAY_ADDRESS")
    local = {} if address else {"num_cpus": num_workers}
    runner: TaskRunner[Any] = RayTaskRunner(address=address, init_kwargs=local)
    return runner


def submit(task: Task[..., Any], job: Job, source: Any) -> PrefectFuture[Any]:
    """Submit a stage of a shard to the flow's runner, asking Ray for a GPU where it needs one."""
    if task.name not in ON_GPU:
        return task.submit(job, source)
    if job.config.runtime.runner == "ray" and job.device == "cuda":
        from prefect_ray.context import remote_options

        with remote_options(num_gpus=1):
            return tagged(task).submit(job, source)
    return tagged(task).submit(job, source)


def tagged(task: Task[P, R]) -> Task[P, R]:
    """`task`, with the tag `gpu` where a server can limit how many of that tag run at once.

    Without a server Prefect would start one, only to be told that there is no such limit.
    """
    has_server = get_current_settings().api.url is not None
    return task.with_options(tags=["gpu"]) if has_server else task


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
