"""The build config that a command is given."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.config import read_overridden, resolve_path
from models.imports import uncollected
from models.object_store import RemotePath

if TYPE_CHECKING:
    from pipeline.build.config import BuildConfig


def read_config(path: Path, overrides: Sequence[str] | None, runs: bool = False) -> "BuildConfig":
    """As `load_build_config`. A file that is not there or no YAML is told before anything heavy is
    imported; of a config that `runs` in processes, these load what they need meanwhile.
    """
    overrides = overrides or ()
    asked = {} if isinstance(path, RemotePath) else read_overridden(resolve_path(path), overrides)
    runtime = asked.get("runtime")
    if runs and isinstance(runtime, dict) and runtime.get("runner") == "processes":
        from flows.worker_processes import load_ahead

        load_ahead()
    with uncollected():
        from pipeline.build.config import load_build_config

    return load_build_config(path, overrides)
