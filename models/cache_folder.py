"""The user's cache folder, shared by all builds."""

import os
from pathlib import Path

from models.paths import as_path


def cache_folder() -> Path:
    """`$VOXLOOM_CACHE`, else `$XDG_CACHE_HOME/voxloom`, else `~/.cache/voxloom`."""
    if named := os.environ.get("VOXLOOM_CACHE"):
        return as_path(named, "VOXLOOM_CACHE")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voxloom"
