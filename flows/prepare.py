"""A build checked and planned, once, before its flow starts."""

from pathlib import Path

from flows.language_model_key import language_model_key
from pipeline.build.config import BuildConfig, check_build
from pipeline.build.job import Job
from pipeline.build.stages import plan


def prepare(settings: BuildConfig, extends: Path | None = None) -> Job:
    """The planned build; `extends` is the dataset that its rows will be added to.

    Raises the error that the build would end in, before any work is done.
    """
    with language_model_key(settings):
        check_build(settings)
    return plan(settings, extends)
