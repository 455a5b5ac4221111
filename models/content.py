"""What files hold, as digests: the keys of caches are made of them."""

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

from models.file_state import FileState, file_state


def file_digest(path: Path) -> bytes:
    """16 bytes that change with the content of a file, which is read once a process and again when
    its state changed. Raises `OSError`.
    """
    return _digest(path, file_state(path))


def list_contents(listing: Path, files: Iterable[Path]) -> None:
    """Write into `listing` what the files, which lie beside or below it, hold: one a line."""
    lines = [f"{file_digest(path).hex()} {path.relative_to(listing.parent)}\n" for path in files]
    listing.write_text("".join(lines), encoding="utf-8")


def is_as_listed(listing: Path) -> bool:
    """Whether the files named in `listing` hold what they did, and there are any."""
    try:
        lines = listing.read_text(encoding="utf-8").splitlines()
        listed = [(listing.parent / line[33:], line[:32]) for line in lines]
        return bool(listed) and all(file_digest(path).hex() == was for path, was in listed)
    except (OSError, ValueError):  # ValueError: no text, or no path
        return False


@functools.lru_cache(maxsize=1 << 16)
def _digest(path: Path, state: FileState) -> bytes:
    """`state` is there for the cache alone."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
