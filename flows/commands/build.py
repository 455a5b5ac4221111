"""`voxloom build`: run the flow on this machine and show how far it is."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from flows.language_model_key import language_model_key, needs_prefect
from pipeline.build.config import BuildConfig, check_build, load_build_config
from pipeline.build.stages import Job, plan
from pipeline.dataset.files import AUDIT_FILE, read_build
from pipeline.speech.synthesize import unheard_controls

console = Console(highlight=False)


def build_command(
    config: Path, output: Path | None, overrides: Sequence[str], verbose: bool
) -> None:
    """Build, and print where the dataset and its report are."""
    overrides = list(overrides)
    if output is not None:
        overrides.append(f"output.path={json.dumps(str(output))}")
    started = time.monotonic()
    settings = load_build_config(config, overrides)

    def start() -> str:
        from flows.build_dataset import build_dataset

        return build_dataset(str(config), overrides)

    dataset = run_build(settings, start, verbose)
    _conclude(dataset, time.monotonic() - started)


def run_build(
    settings: BuildConfig, start: Callable[[], str], verbose: bool, extends: Path | None = None
) -> Path:
    """Check the build, say what it will do, and `start` its flow under a bar of progress; returns
    the dataset's folder. `extends` is the dataset that it adds to.
    """
    _check(settings, verbose)
    job = plan(settings, extends)
    _describe(job)
    signal.signal(signal.SIGINT, _stop)
    return _run(job, start, verbose)


def _check(settings: BuildConfig, verbose: bool) -> None:
    """Prefect takes a second to start, so it is left out where the check needs no key of it."""
    if not needs_prefect(settings):
        check_build(settings)
        return
    with _prefect_log(verbose), language_model_key(settings):
        check_build(settings)


def _stop(signal_number: int, frame: FrameType | None) -> None:
    """Ctrl-C: leave at once. Shards appear whole, so there is nothing to tidy up, and Prefect
    would wait for its server, which the same Ctrl-C has stopped."""
    console.show_cursor(True)
    print("\nstopped; the same command goes on from here", file=sys.stderr, flush=True)
    os._exit(130)


def _describe(job: Job) -> None:
    config = job.config
    console.print(
        f"[bold]{config.name}[/bold]: {config.sentences.num_rows} sentences, "
        f"{job.num_shards} shards, {config.runtime.num_workers} workers, {job.device}"
    )
    for line in unheard_controls(config.voice):
        console.print(line, markup=False, soft_wrap=True)


def _run(job: Job, start: Callable[[], str], verbose: bool) -> Path:
    from flows.local_server import start_local_server
    from flows.progress import shard_progress

    with _prefect_log(verbose):
        start_local_server(share=job.config.runtime.runner != "threads")
        with shard_progress(job, console):
            return Path(start())


@contextmanager
def _prefect_log(verbose: bool) -> Iterator[None]:
    """Prefect's log on the console, or only the bars: an error is told once, by the command."""
    from prefect.logging.configuration import setup_logging
    from prefect.settings import PREFECT_LOGGING_LEVEL, temporary_settings

    level = "INFO" if verbose else "CRITICAL"
    os.environ["PREFECT_LOGGING_LEVEL"] = level  # for processes that this one starts
    with temporary_settings({PREFECT_LOGGING_LEVEL: level}):
        setup_logging(incremental=False)
        yield


def _conclude(dataset: Path, seconds: float) -> None:
    build = read_build(dataset)
    audio_s = build["hours"] * 3600
    console.print(
        f"{build['rows']} clips, {audio_s / 60:.1f} minutes of audio, {build['rejects']} rejected, "
        f"in {seconds:.0f} s ({audio_s / seconds:.1f} x real time)"
    )
    audit = json.loads((dataset / AUDIT_FILE).read_text(encoding="utf-8"))
    console.print(f"audit    {audit['verdict']}", markup=False, soft_wrap=True)
    console.print(f"dataset  {dataset}", soft_wrap=True)
    console.print(f"report   {dataset / 'report.html'}", soft_wrap=True)
