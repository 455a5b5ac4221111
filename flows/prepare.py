"""A build checked and planned, once, before its flow starts, and alone on its folders."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flows.endpoint_keys import endpoint_keys
from models.folders import check_can_be_written
from models.lock import only_process_on
from models.object_store import RemotePath
from pipeline.build.config import BuildConfig, check_build
from pipeline.build.job import Job
from pipeline.build.stages import plan


@contextmanager
def hold(settings: BuildConfig, extends: Path | None = None) -> Iterator[None]:
    """Keep other builds off the dataset that this one writes or `extends`, and its work folder.

    Raises `DataError` naming the folder and who is at work on it, or that it cannot be written to.
    """
    for key, place in (
        ("output.path", settings.output.path),
        ("runtime.work_dir", settings.work_dir),
    ):
        if not isinstance(place, RemotePath):
            check_can_be_written(place, key)
    folders = [settings.output.path, settings.work_dir, *([extends] if extends else [])]
    with ExitStack() as stack:
        for folder in dict.fromkeys(path.resolve() for path in folders):
            stack.enter_context(only_process_on(folder))
        yield


def prepare(settings: BuildConfig, extends: Path | None = None) -> Job:
    """The planned build; `extends` is the dataset that its rows will be added to.

    Raises the error that the build would end in, before any work is done.
    """
    with endpoint_keys(settings):
        check_build(settings)
    return plan(settings, extends)
