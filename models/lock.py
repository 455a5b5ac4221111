"""Folders that one process at a time works on, and who that is."""

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from models.atomic import naming_full_disk
from models.cache_folder import cache_folder
from models.errors import DataError
from models.object_store import RemotePath

_LONGEST_NAME = 200  # characters; file systems take 255, which a few letters of Chinese may fill


@contextlib.contextmanager
def only_process_on(folder: Path, tell_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold `folder`, which need not exist, for this process while the block runs. One in an object
    store is held against the processes of this machine. With `tell_wait` it waits for a holder
    before it, and tells that.

    The lock is a hidden file beside the folder that says who holds it. The system lets go of it
    when that process ends, however it does. Raises `DataError` naming the holder, or for a place
    that may not be written to.
    """
    folder = folder.resolve()
    path = _lock_of(folder)
    with naming_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(path, folder, tell_wait)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def make_once(
    path: Path,
    is_made: Callable[[], bool],
    make: Callable[[], None],
    tell_wait: Callable[[str], None] = print,
) -> None:
    """Call `make` for what belongs at `path`, unless it is made. Of processes that ask at the same
    time one makes it, and the others wait for that one.
    """
    if is_made():
        return
    with only_process_on(path, tell_wait):
        if not is_made():
            make()


def _lock_of(folder: Path) -> Path:
    if isinstance(folder, RemotePath):
        digest = hashlib.blake2b(str(folder).encode(), digest_size=8).hexdigest()
        name = f"{quote(str(folder), safe='')[:_LONGEST_NAME]}-{digest}"
        return cache_folder() / "locks" / name
    return folder.parent / f".{folder.name}.lock"


def _acquire(path: Path, folder: Path, tell_wait: Callable[[str], None] | None) -> int:
    """A descriptor of the file `path`, locked; it says who has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor, f"{folder}: {_holder(path)} is at work on it", tell_wait)
            if _is_at(path, descriptor):  # else its last holder has just removed it
                _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, busy: str, tell_wait: Callable[[str], None] | None) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if tell_wait is None:
            raise DataError(f"{busy}; one at a time") from None
        tell_wait(f"{busy}; waiting for it")
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    who = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "command": command,
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(who, ensure_ascii=False).encode(), 0)


def _holder(path: Path) -> str:
    """In words, who has locked `path`."""
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        owner = f"process {who['process']} on {who['host']} since {who['since']}"
        return f"{owner} (`{who['command']}`)"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # it has not signed yet
