"""A build's flow on this machine: checked first, under a bar of progress, stopped by Ctrl-C."""

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from flows.cli.console import console, tell
from flows.endpoint_keys import needs_prefect
from flows.prepare import prepare
from flows.stopping import Stopping
from models.imports import uncollected
from pipeline.build.config import BuildConfig
from pipeline.build.job import Job
from pipeline.speech.foreign_accents import missing_phones
from pipeline.speech.sources import has_ours
from pipeline.speech.synthesize import ignored_controls


def run_build(settings: BuildConfig, verbose: bool, extends: Path | None = None) -> Path:
    """Check and plan the build, say what it will do, and run its flow under a bar of progress;
    returns the dataset's folder. `extends` is the dataset that it adds to. The caller holds the
    build's folders (`hold`).
    """
    with Stopping() as stopping:
        stopping.job = job = _prepare(settings, extends, verbose)
        _describe(job)
        return _run(job, verbose)


def _prepare(settings: BuildConfig, extends: Path | None, verbose: bool) -> Job:
    """Prefect takes a second to start, so it is left out where the check needs no key of it."""
    if not needs_prefect(settings):
        return prepare(settings, extends)
    with _prefect_log(verbose):
        return prepare(settings, extends)


def _describe(job: Job) -> None:
    config = job.config
    console.print(
        f"[bold]{config.name}[/bold]: {config.sentences.num_rows} sentences, "
        f"{job.num_shards} shards, {config.runtime.num_workers} workers, {job.device}"
    )
    ours = has_ours(config.voice.sources)
    accents = config.text.used_accents
    missing = missing_phones(accents, config.voice.acoustic_model) if ours else ()
    for line in (*ignored_controls(config.voice), *missing):
        tell(line)


def _run(job: Job, verbose: bool) -> Path:
    from flows.progress import shard_progress

    with _prefect_log(verbose), _account_of_runs(job):
        with uncollected():
            from flows.build_dataset import build

        with shard_progress(job, console):
            return build(job)


def _account_of_runs(job: Job) -> AbstractContextManager[None]:
    """What Prefect notes the build's runs in: the server that is configured, a temporary one for
    a key in a block, else memory."""
    from prefect.settings import get_current_settings

    if get_current_settings().api.url is None and not needs_prefect(job.config):
        from flows.in_memory_runs import in_memory_runs

        return in_memory_runs()
    from flows.local_server import start_local_server

    start_local_server()
    return nullcontext()


@contextmanager
def _prefect_log(verbose: bool) -> Iterator[None]:
    """Prefect's log on the console, or only the bars: an error is told once, by the command. A
    server gets the log in either case.
    """
    with uncollected():
        from prefect.logging.configuration import setup_logging
        from prefect.settings import (
            PREFECT_INTERNAL_LOGGING_LEVEL,
            PREFECT_LOGGING_LEVEL,
            get_current_settings,
            temporary_settings,
        )

    is_read = verbose or get_current_settings().api.url is not None
    level = "INFO" if is_read else "CRITICAL"
    # A server that is gone for a while misses lines; its client would tell each on the console.
    internal_level = "ERROR" if verbose else "CRITICAL"
    logging.raiseExceptions = verbose
    # For processes that this one starts, too.
    os.environ["PREFECT_LOGGING_LEVEL"] = level
    os.environ["PREFECT_INTERNAL_LOGGING_LEVEL"] = internal_level
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO" if verbose else "CRITICAL"
    levels = {PREFECT_LOGGING_LEVEL: level, PREFECT_INTERNAL_LOGGING_LEVEL: internal_level}
    with temporary_settings(levels):
        setup_logging(incremental=False)
        yield
