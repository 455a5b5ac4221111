"""The user's cache folder, shared by all builds."""

import os
from pathlib import Path

from models.config import at_home


def cache_folder() -> Path:
    """`$VOXLOOM_CACHE`, else `$XDG_CACHE_HOME/voxloom`, else `~/.cache/voxloom`."""
    if named := os.environ.get("VOXLOOM_CACHE"):
        return at_home(named, "VOXLOOM_CACHE")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voxloom"
