"""How far a build is, told by the shards that lie on disk: true for any runner and any resume."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as ElapsedColumn

from pipeline.build.job import Job
from pipeline.build.stages import STAGE_NAMES

_LOOK_EVERY_S = 0.5


@contextmanager
def shard_progress(job: Job, console: Console) -> Iterator[None]:
    """Show a bar a stage, in shards, with rows a second, while the block runs."""
    progress = Progress(
        TextColumn("{task.description:<11}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("shards"),
        TextColumn("{task.fields[rate]:>12}"),
        ElapsedColumn(),
        console=console,
    )
    bars = {stage: progress.add_task(stage, total=job.num_shards, rate="") for stage in STAGE_NAMES}
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(job, progress, bars, over), daemon=True)
    with progress:
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def _watch(job: Job, progress: Progress, bars: dict[str, TaskID], over: threading.Event) -> None:
    """Update the bars until `over`, and once more after it."""
    started = time.monotonic()
    found = {stage: shards_made(job, stage) for stage in STAGE_NAMES}  # by an earlier run
    while True:
        is_last = over.wait(_LOOK_EVERY_S)
        elapsed_s = time.monotonic() - started
        for stage, bar in bars.items():
            made = shards_made(job, stage)
            if progress.tasks[bar].completed < made or not progress.tasks[bar].finished:
                rate = (made - found[stage]) * job.config.runtime.shard_size / elapsed_s
                progress.update(bar, completed=made, rate=f"{rate:.1f} rows/s" if rate else "")
        if is_last:
            return


def shards_made(job: Job, stage: str) -> int:
    """How many shards of `stage` lie in the work directory under their final names."""
    made = {path.name for path in (job.work_dir / stage).glob(f"*-{job.keys[stage]}.parquet")}
    return sum(path.name in made for path in job.shards(stage))
