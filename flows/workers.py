"""Where tasks run: the runner that a build asks for, and who has the GPU."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from prefect.concurrency.sync import concurrency
from prefect.futures import PrefectFuture
from prefect.settings import get_current_settings
from prefect.task_engine import TaskRunTimeoutError
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from flows.worker_processes import TookTooLong, made_within, worker_pool
from pipeline.build.job import Job
from pipeline.build.runtime import GPU_STAGES, ShardStage

P = ParamSpec("P")
R = TypeVar("R")

_this_process_gpu = threading.Lock()


# Of a job and a piece of it (the path of a shard, or other plain data) a function of `pipeline`
# makes what it returns, on a worker for the stage.
Maker = Callable[[ShardStage, Callable[[Job, Any], Any], Job, Any], Any]


def make_here(stage: ShardStage, make: Callable[[Job, Any], Any], job: Job, piece: Any) -> Any:
    """What `make` makes of a piece, in this process."""
    with gpu_slot(job.device if stage in GPU_STAGES else "cpu"):
        return make(job, piece)


# What makes the pieces of the tasks that are submitted where it is set.
maker: ContextVar[Maker] = ContextVar("maker", default=make_here)


@contextmanager
def made_for(job: Job) -> Iterator[TaskRunner[Any]]:
    """The Prefect task runner for `runtime.runner`, with `runtime.workers` workers: threads, which
    wait for what processes or Ray's actors make.

    Raises `ConfigError` when Ray is asked for and not installed.
    """
    runtime = job.config.runtime
    if runtime.runner == "threads":
        yield ThreadPoolTaskRunner(max_workers=runtime.num_workers)
        return
    with _made_elsewhere(job) as (make, num_workers):
        chosen = maker.set(make)
        try:
            yield ThreadPoolTaskRunner(max_workers=num_workers)
        finally:
            maker.reset(chosen)


@contextmanager
def _made_elsewhere(job: Job) -> Iterator[tuple[Maker, int]]:
    """What makes the pieces of tasks in processes or Ray's actors, and how many there are."""
    if job.config.runtime.runner == "processes":
        with _processes(job) as make:
            yield make, job.config.runtime.num_workers
        return
    from flows.ray_pools import ray_pools

    with ray_pools(job) as pools:
        yield pools.make, pools.num_workers


@contextmanager
def _processes(job: Job) -> Iterator[Maker]:
    timeout_s = job.config.runtime.shard_timeout_s
    pool = worker_pool(job.config.runtime.num_workers)

    def make(stage: ShardStage, make: Callable[[Job, Any], Any], job: Job, piece: Any) -> Any:
        with gpu_slot(job.device if stage in GPU_STAGES else "cpu"):
            try:
                return pool.submit(made_within, timeout_s, make, job, piece).result()
            except TookTooLong:
                raise TaskRunTimeoutError from None

    try:
        yield make
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def submit(task: Task[..., Any], job: Job, source: Any) -> PrefectFuture[Any]:
    """Submit a stage of some shards to the flow's runner."""
    return (tagged(task) if task.name in GPU_STAGES else task).submit(job, source)


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
