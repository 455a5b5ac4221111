"""What lies in a folder, however deep, and whether one can write there, also a file."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from models.errors import ConfigError, DataError, shortened


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


def check_can_be_written(folder: Path, key: str = "") -> None:
    """Raise `DataError` unless `folder`, the value of `key`, is a folder that can be written to, or
    can be made one. It is tried, as no attribute tells (of `/proc`, of a disk that is read-only).
    Raises `ConfigError` for one in an object store.
    """
    _check_is_here(folder, key)
    folder = folder.absolute()
    told = f"{key}: {shortened(str(folder))}" if key else shortened(str(folder))
    try:
        existing = next(one for one in (folder, *folder.parents) if one.exists())
        if not existing.is_dir():
            which = "is a file" if existing == folder else f"{existing} is a file"
            raise DataError(f"{told}: {which}; a folder is needed")
        with TemporaryDirectory(prefix=".voxloom-", dir=existing):
            pass
    except OSError as error:
        raise DataError(f"{told}: cannot be written to ({error.strerror})") from None


def check_file_can_be_written(file: Path, key: str = "") -> None:
    """Raise `DataError` unless `file`, the value of `key`, can be written: it is no folder, and its
    own can be written to.
    """
    _check_is_here(file, key)
    if file.is_dir():
        raise DataError(f"{key + ': ' if key else ''}{file}: is a folder; a file is needed")
    check_can_be_written(file.parent, key)


def _check_is_here(path: Path, key: str) -> None:
    try:
        os.fspath(path)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}" if key else str(error)) from None
