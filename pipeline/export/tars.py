"""Tar files of clips: the same bytes for the same clips, whoever writes them, whenever."""

import io
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

Member = tuple[str, bytes]


def write_tar(members: Iterable[Member]) -> Callable[[Path], None]:
    """What writes `members` (name, content), in their order, as the tar file it is called with."""

    def fill(path: Path) -> None:
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            for name, content in members:
                entry = tarfile.TarInfo(name)  # no time, no owner
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
                tar.members = []  # type: ignore[attr-defined]  # it would keep them all

    return fill
