"""What files hold, as digests: the keys of caches are made of them."""

import functools
import hashlib
from pathlib import Path

from models.file_state import FileState, file_state


def file_digest(path: Path) -> bytes:
    """16 bytes that change with the content of a file, which is read once a process and again when
    its state changed. Raises `OSError`.
    """
    return _digest(path, file_state(path))


@functools.lru_cache(maxsize=1 << 16)
def _digest(path: Path, state: FileState) -> bytes:
    """`state` is there for the cache alone."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
