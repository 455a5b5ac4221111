"""What files hold, as digests: the keys of caches are made of them."""

import functools
import hashlib
from pathlib import Path

FileState = tuple[int, ...]


def file_digest(path: Path) -> bytes:
    """16 bytes that change with the content of a file, which is read once a process and again when
    its state changed. Raises `OSError`.
    """
    return _digest(path, file_state(path))


def file_state(path: Path) -> FileState:
    """What tells one content of a file from the next without reading it: inode, size and times.

    Size and time of modification may be equal by chance or by `cp -p`; the time of change of an
    inode cannot be set. Raises `OSError`.
    """
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@functools.lru_cache(maxsize=1 << 16)
def _digest(path: Path, state: FileState) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
