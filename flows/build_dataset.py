"""The flow that builds a dataset: one retryable task a stage, one chain of futures a shard.

`voxloom build CONFIG` prepares a build and runs `build`; the deployments of prefect.yaml run
`build_dataset`, which does both. What a stage does is in `pipeline/build/stages.py`; here is when,
how often it is tried, and on which worker.
"""

import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows.language_model_key import language_model_key
from flows.prepare import hold, prepare
from flows.workers import gpu_slot, submit, tagged, task_runner
from models.errors import DataError, VoxloomError
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.seal import seal_build
from pipeline.editing import extend as extension


async def is_worth_retrying(task: Task[..., Any], run: TaskRun, state: State) -> bool:
    """A full disk or a wrong config stays so; a lost node or a busy GPU may not."""
    outcome = await state.aresult(raise_on_failure=False)
    return not isinstance(outcome, VoxloomError)


_WORKER_DEATHS = 3  # of processes, before a build is given up

# The shards on disk are the cache: Prefect's own would store results and hash the job.
_RETRIED: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [2, 20],
    "retry_condition_fn": is_worth_retrying,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="generate", **_RETRIED)
def generate(job: Job) -> list[Path]:
    return stages.generate_shards(job)


@task(name="frontend", task_run_name="frontend-{sentences.stem}", **_RETRIED)
def frontend(job: Job, sentences: Path) -> Path:
    return stages.frontend_shard(job, sentences)


@task(name="synthesize", task_run_name="synthesize-{spoken.stem}", **_RETRIED)
def synthesize(job: Job, spoken: Path) -> Path:
    with gpu_slot(job.device):
        return stages.synthesize_shard(job, spoken)


@task(name="vocode", task_run_name="vocode-{mels.stem}", **_RETRIED)
def vocode(job: Job, mels: Path) -> Path:
    with gpu_slot(job.device):
        return stages.vocode_shard(job, mels)


@task(name="judge", task_run_name="judge-{clean.stem}", **_RETRIED)
def judge(job: Job, clean: Path) -> Path:
    return stages.judge_shard(job, clean)


@task(name="augment", task_run_name="augment-{judged.stem}", **_RETRIED)
def augment(job: Job, judged: Path) -> Path:
    return stages.augment_shard(job, judged)


@task(name="manifest", task_run_name="manifest-{augmented.stem}", **_RETRIED)
def manifest(job: Job, augmented: Path) -> Path:
    return stages.manifest_shard(job, augmented)


@task(name="babble", **_RETRIED)
def babble(job: Job) -> Path | None:
    return stages.babble_file(job)


@task(name="own-speech", **_RETRIED)
def own_speech(job: Job) -> Path | None:
    with gpu_slot(job.device):
        return stages.own_speech(job)


@task(name="seal", **_RETRIED)
def seal(job: Job) -> Path:
    return seal_build(job)


@task(name="conclude", **_RETRIED)
def conclude(dataset: Path, further: Path) -> Path:
    return extension.conclude(dataset, further).dataset


CHAIN = (frontend, synthesize, vocode, judge, augment, manifest)


@flow(name="build-shards", validate_parameters=False)
def build_shards(job: Job) -> Path:
    """Every stage of every shard, then the seal; returns the dataset's folder. Raises the first
    error that no retry cured.
    """
    latest: dict[int, Any] = dict(enumerate(generate(job)))
    if "babble" in job.inputs.digests:
        babble(job)  # before the shards, which share it
    if job.config.augment.hears_own_speech:
        tagged(own_speech)(job)
    futures = []
    for stage, index in wavefront(len(CHAIN), job.num_shards):
        latest[index] = submit(CHAIN[stage], job, latest[index])
        futures.append(latest[index])
    for future in futures:
        future.result()
    return seal(job)


def build(job: Job) -> Path:
    """Run the flow of a planned build on the workers that its config asks for.

    Where a worker process dies, which ends its whole pool, what is left runs on half as many: the
    usual reason is memory. Raises `DataError` where that does not help.
    """
    runtime = job.config.runtime
    with language_model_key(job.config):
        for _ in range(_WORKER_DEATHS):
            try:
                return build_shards.with_options(task_runner=task_runner(runtime))(job)
            except BrokenProcessPool:
                runtime = replace(runtime, workers=max(1, runtime.num_workers // 2))
                told = f"a worker process died; going on with {runtime.workers}"
                print(told, file=sys.stderr, flush=True)
    raise DataError(
        f"{job.config.name}: worker processes died {_WORKER_DEATHS} times, killed or out of "
        "memory; lower runtime.workers or runtime.shard_size"
    )


@flow(name="build-dataset")
def build_dataset(config: str, overrides: list[str] | None = None) -> str:
    """Build the dataset that the YAML file `config` describes; returns its folder.

    `overrides` are `dotted.key=value` strings put over the file. Stopped at any moment and run
    again, it goes on where it was.
    """
    settings = load_build_config(config, overrides or [])
    with hold(settings):
        return str(build(prepare(settings)))


@flow(name="extend-dataset")
def extend_dataset(dataset: str, config: str, overrides: list[str] | None = None) -> str:
    """Add the rows that the YAML file `config` describes to the folder `dataset`; returns it.

    None of them says what it says already. Its own data files stay as they are.
    """
    grown = Path(dataset)
    further = extension.extension_of(grown, load_build_config(config, overrides or []))
    with hold(further, grown):
        extension.check_extension(grown, further)
        return str(conclude(grown, build(prepare(further, extends=grown))))


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
