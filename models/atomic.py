"""Files that appear whole or not at all, and a full disk told in plain words."""

import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from models.errors import DataError

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# As Arrow and NumPy say it, whose errors have no number.
_TOLD_FULL = re.compile(r"No space left on device|^\d+ requested and \d+ written$")


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary name in the same folder, then rename.

    Nobody ever sees half a file: a killed process leaves at most a hidden `.tmp` file, a
    failure not even that. Creates the folder. Raises `DataError` when the disk is full,
    `ConfigError` for a path in an object store, and an `OSError` of `path` for all else.
    """
    os.fspath(path)
    write_together(path.parent, {path.name: data})


def write_once(path: Path, data: bytes) -> None:
    """As `write_atomically`, but what is at `path` stays, also what another process has put there
    just now: all read the same.
    """
    os.fspath(path)
    _write(path.parent, {path.name: data}, _take_name)


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """As `write_atomically` for several files, by name, that are made for each other: none is
    renamed before all are written.
    """
    _write(folder, files, Path.replace)


def _write(folder: Path, files: Mapping[str, bytes], put: Callable[[Path, Path], object]) -> None:
    """`put` gives each file, written under the first name, the second."""
    written = dict[Path, Path]()
    try:
        for name, data in files.items():
            with naming_full_disk(folder / name):
                folder.mkdir(parents=True, exist_ok=True)
                written[folder / name] = _write_temporary(folder / name, data)
        for path, temporary in written.items():
            with naming_full_disk(path), _naming(path):
                put(temporary, path)
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
    sync(folder)


def _write_temporary(path: Path, data: bytes) -> Path:
    """A file beside `path` that holds `data`; none where it cannot be written."""
    temporary = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        with _naming(path), temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _take_name(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        if not path.exists():
            temporary.replace(path)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error of the temporary name, which nobody knows, name `path`."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """Turn "no space left", "not permitted" and "read-only" inside the block into a `DataError`."""
    try:
        yield
    except PermissionError as error:
        raise DataError(f"{error.filename or path}: may not be written to") from error
    except OSError as error:
        if error.errno == errno.EROFS:
            raise DataError(f"{error.filename or path}: lies on a read-only disk") from error
        if is_full_disk(error):
            message = f"{path}: the disk is full; free some space or choose another folder"
            raise DataError(message) from error
        raise


def is_full_disk(error: OSError) -> bool:
    """Whether that is what an error says, of the system or of a library."""
    return error.errno in _DISK_FULL or _TOLD_FULL.search(str(error)) is not None
