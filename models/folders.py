"""What lies in a folder, however deep."""

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """Its files in the order of their paths, also those in folders that it has links to; hidden
    ones are left out. A link to a folder that it lies in is not followed.
    """
    yield from sorted(_below(folder, (os.path.realpath(folder),)))


def _below(folder: Path, within: tuple[str, ...]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and (real := os.path.realpath(path)) not in within:
            yield from _below(path, (*within, real))
