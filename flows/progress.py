"""How far a build is, told by the shards that lie on disk: true for any runner and any resume."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as ElapsedColumn

from models.errors import DataError
from pipeline.build.job import SENTENCES, Job
from pipeline.build.stages import STAGE_NAMES

_LOOK_EVERY_S = 0.5


@contextmanager
def shard_progress(job: Job, console: Console) -> Iterator[None]:
    """Show a bar a stage, in shards, while the block runs: with rows a second, and the time, since
    the stage had something to do.
    """
    progress = Progress(
        TextColumn("{task.description:<11}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("shards"),
        TextColumn("{task.fields[rate]:>12}"),
        ElapsedColumn(),
        console=console,
        refresh_per_second=1 / _LOOK_EVERY_S,  # seven bars take 3.5 ms of the workers' time
    )
    bars = {
        stage: progress.add_task(stage, start=False, total=job.num_shards, rate="")
        for stage in STAGE_NAMES
    }
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
    shards = Waiting(job)
    found = shards.made()  # by an earlier run
    while True:
        is_last = over.wait(_LOOK_EVERY_S)
        update_bars(progress, bars, found, shards.made(), job.config.runtime.shard_size)
        if is_last:
            return


def update_bars(
    progress: Progress,
    bars: Mapping[str, TaskID],
    found: Mapping[str, int],
    made: Mapping[str, int],
    shard_size: int,
) -> None:
    """Show the shards of each stage that are `made`, of which `found` are an earlier run's. A stage
    begins when the one before it has made a shard, and ends with its last.
    """
    has_work = True
    for stage, bar in bars.items():
        task = progress.tasks[bar]
        if has_work and not task.started:
            progress.start_task(bar)
        has_work = made[stage] > 0
        if task.completed < made[stage] or not task.finished:
            seconds = max(task.elapsed or 0.0, _LOOK_EVERY_S)
            rate = (made[stage] - found[stage]) * shard_size / seconds
            told = f"{rate:.1f} rows/s" if rate else ""
            progress.update(bar, completed=made[stage], rate=told)


class Waiting:
    """The shards of a job that do not lie in the work folder yet."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._waiting = {SENTENCES: job.shards(SENTENCES)}

    def made(self) -> dict[str, int]:
        """How many shards of each stage lie there under their final names. None but sentences
        do before all sentences are there, which the names of the others depend on.
        """
        for stage, paths in self._waiting.items():
            self._waiting[stage] = [path for path in paths if not path.exists()]
        if not self._waiting[SENTENCES] and len(self._waiting) == 1:
            later = (stage for stage in STAGE_NAMES if stage != SENTENCES)
            try:
                self._waiting |= {stage: self._job.shards(stage) for stage in later}
            except DataError:  # damaged sentences, which the build makes again: named later
                return dict.fromkeys(STAGE_NAMES, 0) | {SENTENCES: self._job.num_shards}
            return self.made()
        total = self._job.num_shards
        return {
            stage: total - len(self._waiting[stage]) if stage in self._waiting else 0
            for stage in STAGE_NAMES
        }
