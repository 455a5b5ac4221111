"""`voxloom plan`: what a build will take."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.configs import read_config
from flows.cli.console import console, tell
from flows.cli.options import Overrides

if TYPE_CHECKING:
    from pipeline.build.config import BuildConfig
    from pipeline.build.estimate import Estimate


def plan(
    config: Annotated[Path, typer.Argument(help="The build config (YAML).")],
    utterances: Annotated[
        list[int] | None,
        typer.Option(help="How many sentences. Repeatable. Default: sentences.count.", min=1),
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Estimate a build: hours, disk, memory, tasks, by stage.

    Builds some dozens of its sentences on this machine, which takes less than a minute, and
    extrapolates. Run it on an idle machine.

    [dim]Examples:[/dim]

      voxloom plan configs/build/quickstart.yaml --utterances 1000000

      voxloom plan my.yaml --utterances 1000000 --utterances 100000000

      voxloom plan my.yaml --set runtime.workers=16
    """
    import tempfile

    counts = [[f"sentences.count={count}"] for count in utterances or ()] or [[]]
    sized = [read_config(config, [*(overrides or []), *count]) for count in counts]

    from flows.prepare import prepare
    from pipeline.build.estimate import estimate, measure

    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores / 2:
        busy = f"load {load:.1f} on {cores} cores"
        tell(f"note: others work here ({busy}); the hours are those of a machine that busy")
    prepare(sized[-1])
    started_s = time.process_time()  # imports and checks, which a build does, too
    with tempfile.TemporaryDirectory(prefix="voxloom-") as folder, console.status("building some"):
        samples = measure(sized[-1], Path(folder))
    for settings in sized:
        _show(settings, estimate(settings, samples, started_s))


def _show(settings: "BuildConfig", found: "Estimate") -> None:
    from rich.table import Table

    from flows.stage_tasks import tasks_of
    from pipeline.build.runtime import GPU_STAGES, resolve_device
    from pipeline.sentences.ranges import starts_of

    runtime, rows = settings.runtime, settings.sentences.num_rows
    device = resolve_device(runtime)
    num_ranges = len(starts_of(settings.sentences))
    tasks = tasks_of(-(-rows // runtime.shard_size), num_ranges)
    table = Table("stage", "worker", "tasks", "CPU hours", "shards, GB", box=None)
    for stage, hours in found.cpu_hours.items():
        worker = device if stage in GPU_STAGES else "cpu"
        size = found.shard_bytes.get(stage)
        shards = "" if size is None else _figure(size / 1e9)
        table.add_row(stage, worker, f"{tasks[stage]:,}", _figure(hours), shards)
    console.print(table)
    kept = sum(found.shard_bytes.values()) + found.cache_bytes
    tell(
        f"{rows:,} sentences on {runtime.num_workers} workers of this machine: "
        f"{_figure(found.hours)} hours ({found.hours * 3600:,.0f} s)\n"
        f"CPU      {_figure(sum(found.cpu_hours.values()))} hours\n"
        f"dataset  {_figure(found.dataset_bytes / 1e9)} GB\n"
        f"shards   {_figure(kept / 1e9)} GB, until they are deleted\n"
        f"memory   {_figure(found.memory_bytes / 1e9)} GB"
    )


def _figure(value: float) -> str:
    """Two or three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.1f}"
