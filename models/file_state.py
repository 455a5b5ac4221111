"""Whether a file is still the one it was, told without reading it."""

from pathlib import Path
from typing import NamedTuple


class FileState(NamedTuple):
    """What changes with a file's content: a file written anew, another one put in its place.

    Size and modification time alone do not tell: `cp -p` and `rsync -t` give a file the time of
    another one. No program sets the time of the inode's last change.
    """

    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def file_state(path: Path) -> FileState:
    """The state of the file `path`, links followed. Raises `OSError` where there is none."""
    stat = path.stat()
    return FileState(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
