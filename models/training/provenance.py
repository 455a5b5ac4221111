"""Where a checkpoint comes from, for its card."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Provenance:
    """The licence of the weights and the corpora they learned from."""

    licence: str
    trained_on: tuple[str, ...]


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
