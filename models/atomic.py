"""Files that appear whole or not at all, and a full disk told in plain words."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import DataError

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary name in the same folder, then rename.

    Nobody ever sees half a file: a killed process leaves at most a hidden `.tmp` file, a
    failure not even that. Creates the folder. Raises `DataError` when the disk is full,
    `ConfigError` for a path in an object store, and an `OSError` of `path` for all else.
    """
    os.fspath(path)
    with naming_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:  # of the temporary name, which nobody knows
            raise OSError(error.errno, error.strerror, str(path)) from error
        finally:
            temporary.unlink(missing_ok=True)
        sync(path.parent)


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
        if error.errno in _DISK_FULL or "No space left on device" in str(error):
            message = f"{path}: the disk is full; free some space or choose another folder"
            raise DataError(message) from error
        raise
