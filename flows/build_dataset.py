"""The flow that builds a dataset: one retryable task a stage, one chain of futures a shard.

`voxloom build CONFIG` prepares a build and runs `build`; the deployments of prefect.yaml run
`build_dataset`, which does both. What a stage does is in `pipeline/build/stages.py`; here is when,
how often it is tried, and on which worker.
"""

import importlib
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.futures import PrefectFuture, as_completed
from prefect.logging import get_run_logger
from prefect.task_engine import TaskRunTimeoutError

from flows.artifacts import progress_of, show_dataset
from flows.endpoint_keys import endpoint_keys
from flows.parameters import Count, Overrides, Seed, place, run_name, settings_of
from flows.prepare import hold, prepare
from flows.stage_tasks import (
    MAX_STAGE_RUNS,
    RETRIED,
    babble,
    numbers_of,
    own_speech,
    seal,
    sentence_shards,
    within,
)
from flows.workers import made_for, submit, tagged
from models.errors import DataError, VoxloomError, is_out_of_memory
from models.object_store import RemotePath
from pipeline.build.inputs import used_digests
from pipeline.build.job import SENTENCES, Job
from pipeline.dataset.pieces import in_groups
from pipeline.editing import extend as extension
from pipeline.storage.shards import first_line
from pipeline.storage.versions import check_writable, local_copy

_WORKER_DEATHS = 3  # of processes, before a build is given up


@task(name="conclude", **RETRIED)
def conclude(dataset: Path, extended: Path, further: Path) -> Path:
    return extension.conclude(dataset, extended, further).dataset


@flow(
    name="build-shards",
    flow_run_name="{job.config.name}, {job.num_shards} shards, seed {job.config.seed}",
    validate_parameters=False,
)
def build_shards(job: Any) -> Path:  # a `Job`, of which Prefect would make a schema, for 0.3 s
    """Every stage of every shard, then the seal; returns the dataset's folder. Raises the first
    error that no retry cured, as soon as it is there.
    """
    name = job.config.name
    with _naming(f"{name} {SENTENCES}"):
        groups = in_groups(sentence_shards(job), MAX_STAGE_RUNS)
    if "babble" in job.inputs.digests:
        babble(job)  # before the shards, which share it
    if job.config.augment.hears_own_speech:
        tagged(own_speech)(job)
    chain = within(job.config.runtime.shard_timeout_s, len(groups[0]))
    latest: dict[int, Any] = dict(enumerate(groups))
    asked: dict[PrefectFuture[Any], str] = {}
    for stage, index in wavefront(len(chain), len(groups)):
        latest[index] = submit(chain[stage], job, latest[index])
        asked[latest[index]] = f"{name} {chain[stage].name} {numbers_of(groups[index])}"
    importlib.import_module("pipeline.build.pages")  # of the seal, while the workers are busy
    with progress_of(name, len(asked)) as tell:
        for done, future in enumerate(as_completed(list(asked)), start=1):
            with _naming(asked[future]):
                future.result()
            tell(done)
    with _naming(f"{name} seal"):
        dataset = seal(job)
    show_dataset(dataset)
    return dataset


@contextmanager
def _naming(run: str) -> Iterator[None]:
    """Turn an error in the block that does not name what it is about into one line that does."""
    try:
        yield
    except (VoxloomError, BrokenProcessPool):
        raise
    except TaskRunTimeoutError as error:
        message = f"{run}: took longer than runtime.shard_timeout_s allows, each time"
        raise DataError(message) from error
    except Exception as error:
        if is_out_of_memory(error):
            message = f"{run}: not enough memory; lower runtime.workers or runtime.shard_size"
            raise DataError(message) from error
        what = f"{type(error).__name__}: {first_line(error)}"
        raise DataError(f"{run}: {what} (--verbose tells where)") from error


def build(job: Job) -> Path:
    """Run the flow of a planned build on the workers that its config asks for.

    Where a worker process dies, which ends its whole pool, what is left runs on half as many: the
    usual reason is memory. Raises `DataError` where that does not help.
    """
    runtime = job.config.runtime
    with endpoint_keys(job.config):
        for _ in range(_WORKER_DEATHS):
            try:
                config = replace(job.config, runtime=runtime)
                with made_for(replace(job, config=config)) as runner:
                    return build_shards.with_options(task_runner=runner)(job)
            except BrokenProcessPool:
                runtime = replace(runtime, workers=max(1, runtime.num_workers // 2))
                told = f"a worker process died; going on with {runtime.workers}"
                print(told, file=sys.stderr, flush=True)
    raise DataError(
        f"{job.config.name}: worker processes died {_WORKER_DEATHS} times, killed or out of "
        "memory; lower runtime.workers or runtime.shard_size"
    )


@flow(name="build-dataset", flow_run_name=run_name)
def build_dataset(
    config: str = "configs/build/quickstart.yaml",
    output: str | None = None,
    count: Count = None,
    seed: Seed = None,
    overrides: Overrides = None,
    keep_shards: bool = True,
) -> str:
    """Build a dataset; returns its folder. Stopped at any moment and run again, it goes on where
    it was.

    Args:
        config: The build config, a YAML file.
        output: The dataset's folder, in place of the config's `output.path`. `{date}` is the day
            of the run; variables such as `$VOXLOOM_DATA` are those of the worker.
        count: How many sentences, in place of the config's `sentences.count`.
        seed: Another seed makes other rows; `date` takes the day of the run, 20261128.
        overrides: Further keys of the config, such as `runtime.workers=16`.
        keep_shards: Whether the stages' shards are kept for builds to come. Without them an equal
            build starts anew.
    """
    settings = settings_of(config, output, count, seed, overrides)
    with hold(settings):
        job = prepare(settings)
        dataset = build(job)
        if not keep_shards:
            job.remove_shards()
    return str(dataset)


@flow(name="extend-dataset", flow_run_name=run_name)
def extend_dataset(
    dataset: str,
    config: str = "configs/build/quickstart.yaml",
    count: Count = None,
    seed: Seed = "date",
    overrides: Overrides = None,
    keep_shards: bool = True,
) -> str:
    """Add rows to a dataset, none of which says what it says already; returns its folder. Its own
    data files stay as they are. Where there is none yet, it is built.

    Args:
        dataset: The dataset's folder or address. Variables such as `$VOXLOOM_DATA` are the
            worker's.
        config: The build config of the new rows, a YAML file.
        count: How many sentences, in place of the config's `sentences.count`.
        seed: Another seed makes other rows; `date` takes the day of the run, 20261128.
        overrides: Further keys of the config, such as `runtime.workers=16`.
        keep_shards: Whether the stages' shards are kept for builds to come.
    """
    grown = place(dataset)
    if not _is_published(grown):
        return build_dataset(config, dataset, count, seed, overrides, keep_shards)
    further = extension.extension_of(grown, settings_of(config, None, count, seed, overrides))
    extension.check_extension(grown, further)
    if told := extension.holds_already(grown, further, used_digests(further)):
        get_run_logger().info("nothing to add: %s", told)
        return str(grown)
    with hold(further, grown):
        extended = local_copy(grown)
        job = prepare(further, extends=extended)
        conclude(grown, extended, build(job))
        if not keep_shards:
            job.remove_shards()
    show_dataset(grown)
    return str(grown)


def _is_published(dataset: Path) -> bool:
    """Raises `DataError` for an address where nothing may be published."""
    if isinstance(dataset, RemotePath):
        return check_writable(dataset) is not None
    return dataset.exists()


def wavefront(num_stages: int, num_shards: int) -> Iterator[tuple[int, int]]:
    """(stage, shard) pairs in the order of submission, a diagonal at a time.

    A submitted task holds its worker while it waits for the task before it. On a diagonal all
    stages of different shards stand side by side, so a worker finds work, not waiting, and the
    CPU stages of one shard run beside the GPU stages of another.
    """
    for step in range(num_stages + num_shards - 1):
        for stage in reversed(range(num_stages)):
            if 0 <= step - stage < num_shards:
                yield stage, step - stage
