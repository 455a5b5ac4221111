"""The stages as Prefect tasks: what a run is called, what it logs, how often and how long it tries.

What a stage does is in `pipeline/build/stages.py`. A task makes a group of shards, one after the
other, so that a build of any size has a few thousand task runs at most: a shard that is there is
not made again, so a retry of a group redoes only what failed.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture, as_completed
from prefect.logging import get_run_logger
from prefect.tasks import Task, exponential_backoff

from flows.workers import gpu_slot, maker
from models.errors import VoxloomError, shortened
from pipeline.build import stages
from pipeline.build.job import Job, index_of
from pipeline.build.runtime import ShardStage
from pipeline.build.seal import seal_build
from pipeline.build.sentence_shards import Spread, in_turn, is_by_ranges
from pipeline.dataset.pieces import in_groups
from pipeline.dataset.rejects import reason_of
from pipeline.storage.shards import read_rejects

MAX_TASK_RUNS = 3000  # of the stages of a build
_SEALED_IN_TURN = 64  # shards
MAX_PIECE_RUNS = 200  # of a step of sentences or seal
_SEAL_STEPS = 6  # rejects, coverage, kept, places, files, contents
_TOLD_REASONS = 3


async def is_worth_retrying(task: Task[..., Any], run: TaskRun, state: State) -> bool:
    """A full disk or a wrong config stays so, and a broken pool of processes; a lost node or a busy
    GPU may not.
    """
    outcome = await state.aresult(raise_on_failure=False)
    return not isinstance(outcome, VoxloomError | BrokenProcessPool)


# The shards on disk are the cache: Prefect's own would store results and hash the job. Delays are
# 2, 4 and 8 s, each up to 1.5 times as long, so that workers do not come back all at once.
RETRIED: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_worth_retrying,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


def _whole(stage: str) -> dict[str, Any]:
    """Options of a task that runs once a build."""
    return {"name": stage, "task_run_name": "{job.config.name} " + stage, **RETRIED}


def _grouped(stage: str) -> dict[str, Any]:
    """Options of a task that makes `shards` of a stage."""

    def run_name(parameters: dict[str, Any]) -> str:
        return f"{parameters['job'].config.name} {stage} {numbers_of(parameters['shards'])}"

    return {"name": stage, "task_run_name": run_name, **RETRIED}


def numbers_of(shards: Sequence[Path]) -> str:
    """`shard 3`, or `shards 0-15`: as in the names of their files."""
    first, last = index_of(shards[0]), index_of(shards[-1])
    return f"shard {first}" if first == last else f"shards {first}-{last}"


def tasks_of(num_shards: int, num_ranges: int = 1) -> dict[str, int]:
    """How many task runs the steps of a build have at most, where every range of sentences is drawn
    once and written once.
    """
    stage_runs = len(in_groups(range(num_shards), MAX_STAGE_RUNS))
    return {
        "generate": 2 * min(num_ranges, MAX_PIECE_RUNS) if num_ranges > 1 else 1,
        **{stage.name: stage_runs for stage in CHAIN},
        "seal": 1 + _SEAL_STEPS * MAX_PIECE_RUNS if num_shards > _SEALED_IN_TURN else 1,
    }


@task(**_whole("generate"))
def generate(job: Job) -> list[Path]:
    with _told(lambda: f"{job.num_shards} shards of sentences"):
        return stages.generate_shards(job)


@task(task_run_name="{job.config.name} {what} {first}", **RETRIED)
def make_pieces(
    job: Job,
    what: str,
    first: int,
    stage: ShardStage,
    make: Callable[[Job, Any], Any],
    pieces: list[Any],
) -> list[Any]:
    """What `make` makes of each of the pieces, which begin with number `first` of `what`."""
    return _made_of(stage, make, job, pieces)


def _made_of(
    stage: ShardStage, make: Callable[[Job, Any], Any], job: Job, pieces: Sequence[Any]
) -> list[Any]:
    """Beside the task, for that goes to worker processes with all that it names itself."""
    return [maker.get()(stage, make, job, piece) for piece in pieces]


def spread_over(stage: ShardStage, what: str) -> Spread:
    """Makes pieces in tasks on the workers of `stage`; to be called in a flow."""

    def spread(make: Callable[[Job, Any], Any], job: Job, pieces: Sequence[Any]) -> list[Any]:
        named, first = make_pieces.with_options(name=what), 0
        asked: list[PrefectFuture[list[Any]]] = []
        for group in in_groups(pieces, MAX_PIECE_RUNS):
            asked.append(named.submit(job, what, first, stage, make, group))
            first += len(group)
        for future in as_completed(list(asked)):
            future.result()  # the first error as soon as it is there
        return [made for future in asked for made in future.result()]

    return spread


def sentence_shards(job: Job) -> list[Path]:
    """The shards of sentences, made in one task or, of a large build, in tasks that make ranges."""
    if not is_by_ranges(job.config.sentences):
        return generate(job)
    return stages.generate_shards(job, spread_over("frontend", "generate"))


@task(**_grouped("frontend"))
def frontend(job: Job, shards: list[Path]) -> list[Path]:
    return [_made("frontend", job, shard) for shard in shards]


@task(**_grouped("synthesize"))
def synthesize(job: Job, shards: list[Path]) -> list[Path]:
    return [_made("synthesize", job, shard) for shard in shards]


@task(**_grouped("vocode"))
def vocode(job: Job, shards: list[Path]) -> list[Path]:
    return [_made("vocode", job, shard) for shard in shards]


@task(**_grouped("judge"))
def judge(job: Job, shards: list[Path]) -> list[Path]:
    return [_made("judge", job, shard) for shard in shards]


@task(**_grouped("augment"))
def augment(job: Job, shards: list[Path]) -> list[Path]:
    return [_made("augment", job, shard) for shard in shards]


@task(**_grouped("manifest"))
def manifest(job: Job, shards: list[Path]) -> list[Path]:
    return [_made("manifest", job, shard) for shard in shards]


@task(**_whole("babble"))
def babble(job: Job) -> Path | None:
    return stages.babble_file(job)


@task(**_whole("own-speech"))
def own_speech(job: Job) -> Path | None:
    with gpu_slot(job.device):
        return stages.own_speech(job)


@task(**_whole("seal"))
def seal(job: Job) -> Path:
    is_large = job.num_shards > _SEALED_IN_TURN
    return seal_build(job, spread=spread_over("manifest", "seal") if is_large else in_turn)


CHAIN = (frontend, synthesize, vocode, judge, augment, manifest)
MAX_STAGE_RUNS = MAX_TASK_RUNS // len(CHAIN)


def within(shard_timeout_s: float | None, num_shards: int) -> list[Task[..., Any]]:
    """The tasks of the chain, each with its time for a group of `num_shards`.

    In a thread Prefect cannot end a call into a library, and says so for every run: here what runs
    is Python between batches, where it can.
    """
    if shard_timeout_s is None:
        return list(CHAIN)
    logging.getLogger("prefect.task_runs").addFilter(_is_no_warning_of_threads)
    return [stage.with_options(timeout_seconds=shard_timeout_s * num_shards) for stage in CHAIN]


def _is_no_warning_of_threads(record: logging.LogRecord) -> bool:
    return "running in a worker thread" not in record.getMessage()


def _made(stage: ShardStage, job: Job, shard: Path) -> Path:
    """What the stage makes of a shard; told in the run's log."""
    made: list[Path] = []
    with _told(lambda: f"{made[0].name}: {_content(made[0])}"):
        made.append(maker.get()(stage, stages.MAKERS[stage], job, shard))
    return made[0]


@contextmanager
def _told(what: Callable[[], str]) -> Iterator[None]:
    """Log what the block made and how long it took, where anybody reads that."""
    started = time.monotonic()
    yield
    logger = get_run_logger()
    if logger.isEnabledFor(logging.INFO):
        took_s = time.monotonic() - started
        logger.info("%s, in %.1f s", what(), took_s)


def _content(shard: Path) -> str:
    """How many rows it holds, and how many were rejected for what."""
    rejects = read_rejects(shard)
    rows = f"{pq.read_metadata(shard).num_rows - len(rejects)} rows"
    if not rejects:
        return rows
    reasons = Counter(reason_of(reject) for reject in rejects).most_common(_TOLD_REASONS)
    told = "; ".join(f"{count} for {shortened(reason)}" for reason, count in reasons)
    return f"{rows}, {len(rejects)} rejected ({told})"
