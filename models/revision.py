"""The revision of the code, for the records of what it made."""

import subprocess
from pathlib import Path


def git_revision() -> str:
    """The commit of the checkout, with `+` when it has changes; empty outside of git."""
    here = Path(__file__).resolve().parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()
