"""Makes a shard once, and only if its input files do not change meanwhile."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from models.errors import DataError
from pipeline.build.inputs import check_unchanged
from pipeline.build.job import Job
from pipeline.build.stage import Stage
from pipeline.storage.shards import is_intact

_ATTEMPTS = 3

T = TypeVar("T")
R = TypeVar("R")


class _Touched(Exception):
    """A file was replaced and restored: what was read in between is unknown."""


def make_shard(
    job: Job,
    stage: Stage,
    output: Path,
    rows: Callable[[], Iterable[R]],
    write: Callable[[Path, list[R]], object],
) -> Path:
    """The shard `output` of `stage`; where it is not intact, `rows` are made and written.

    Raises `DataError` naming a file of the stage that has changed since the build was planned.
    """

    def make(check: Callable[[], None]) -> None:
        made = list(rows())
        check()
        write(output, made)

    if not is_intact(output):
        while_unchanged(job, (*stage.files, *stage.loads), make)
    return output


def while_unchanged(job: Job, loaded: Iterable[str], make: Callable[[Callable[[], None]], T]) -> T:
    """What `make(check)` returns; it calls `check` before anything that it made is kept.

    `loaded` are the uses of the files that it reads. What was begun while one of them was touched
    is made again.
    """
    loaded = tuple(loaded)

    def states() -> object:
        return check_unchanged(job.inputs, job.config, loaded, job.extends)

    def check() -> None:
        if states() != at_start:
            raise _Touched

    for _ in range(_ATTEMPTS):
        at_start = states()
        try:
            return make(check)
        except _Touched:
            continue
    raise DataError(f"{job.config.name}: its {', '.join(loaded)} are being replaced all the time")
