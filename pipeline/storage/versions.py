"""Datasets in an object store: whole versions side by side, and a pointer that is written last.

    s3://BUCKET/NAME/CURRENT                        one line: versions/20261128-5f0c...
    s3://BUCKET/NAME/versions/20261128-5f0c.../     data/, build.json, README.md, ...

A store has no rename. It replaces one object in one step, though, so a reader of the pointer finds
the old dataset or the new one, whole; the old one stays for those who are reading it. A repository
of the Hugging Face hub has commits instead (`hub.py`).
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.content import file_digest
from models.errors import DataError
from models.mirror import mirror
from models.object_store import RemotePath, Stored, delete, listing, read, send, write
from models.paths import as_path
from pipeline.storage.hub import check_hub

POINTER, VERSIONS = "CURRENT", "versions"
_KEPT = timedelta(days=1)  # of versions that are neither the newest nor the one before
_PROBE = ".may-be-written"
_OURS = (POINTER, VERSIONS, _PROBE)
_VERSION = re.compile(rf"{VERSIONS}/(\d{{8}})-[0-9a-f]{{16}}")


def current(dataset: RemotePath) -> RemotePath | None:
    """The newest version of a dataset; None where nothing was published under this name.

    Raises `DataError` for a pointer that somebody else wrote, or a store that cannot be reached.
    """
    try:
        name = read(dataset / POINTER).decode(errors="replace").strip()
    except FileNotFoundError:
        return None
    if not _VERSION.fullmatch(name):
        raise DataError(f"{dataset / POINTER}: is not the pointer of a dataset")
    return dataset / name


def published(dataset: Path) -> Path:
    """The folder with the files of a dataset: in an object store that of its newest version."""
    return (current(dataset) or dataset) if isinstance(dataset, RemotePath) else dataset


def local_copy(dataset: Path | str, one_of: Collection[str] = ()) -> Path:
    """A dataset's folder on this machine: of one in an object store the copy of what is current.

    Raises what `current` and `mirror` raise, and `DataError` for a folder in a store that has none
    of the files `one_of`, before any of it is copied: it may be that of all datasets.
    """
    folder = published(as_path(dataset))
    if not isinstance(folder, RemotePath):
        return folder
    found = {name.lower() for name in listing(folder)} if one_of else set()
    if found and found.isdisjoint(one_of):
        raise DataError(f"{dataset}: is not a dataset: it has no {' or '.join(one_of)}")
    return mirror(folder)


def check_writable(dataset: RemotePath) -> RemotePath | None:
    """The newest version of a dataset that may be published, or None where this is the first.

    Raises `DataError` where objects may not be written and removed, or others lie there.
    """
    if dataset.scheme == "hf":
        return dataset if check_hub(dataset) else None
    newest = current(dataset)
    foreign = [name for name in listing(dataset) if name.partition("/")[0] not in _OURS]
    if foreign:
        raise DataError(
            f"{dataset}: holds what no build published ({foreign[0]}); choose another folder"
        )
    probe = dataset / _PROBE
    write(probe, b"")
    delete([probe])
    return newest


def publish_version(staging: Path, dataset: RemotePath) -> None:
    """Publish the files of the folder `staging` as the newest version of `dataset`.

    What a killed process has sent of the same files is not sent again. Raises `DataError` when the
    store cannot be reached or does not hold what was sent; then the pointer is as it was.
    """
    before, files = current(dataset), _files_of(staging)
    version = _version_of(dataset, staging, files)
    there = listing(version)
    send({version / name: path for name, path in files.items() if not _is_sent(path, there, name)})
    _check(version, files)
    write(dataset / POINTER, f"{VERSIONS}/{version.name}\n".encode())
    _tidy(dataset, kept={version.name, before.name if before else ""})


def _files_of(staging: Path) -> dict[str, Path]:
    paths = sorted(path for path in staging.rglob("*") if path.is_file())
    return {path.relative_to(staging).as_posix(): path for path in paths}


def _version_of(dataset: RemotePath, staging: Path, files: Iterable[str]) -> RemotePath:
    """The folder for these files: the day, for those who list folders, and their content."""
    digest = hashlib.blake2b(digest_size=8)
    for name in files:
        digest.update(f"{name}\x1f".encode() + file_digest(staging / name))
    content = digest.hexdigest()
    sent = [name for name in _versions(dataset) if name.endswith(f"-{content}")]
    name = sent[0] if sent else f"{datetime.now(UTC):%Y%m%d}-{content}"
    return dataset / VERSIONS / name


def _versions(dataset: RemotePath) -> list[str]:
    return sorted({name.partition("/")[0] for name in listing(dataset / VERSIONS)})


def _is_sent(path: Path, there: dict[str, Stored], name: str) -> bool:
    return name in there and there[name].size == path.stat().st_size


def _check(version: RemotePath, files: dict[str, Path]) -> None:
    there = listing(version)
    for name, path in files.items():
        # Some stores list an object only a while after it can be read by its name.
        if not _is_sent(path, there, name) and not _is_sent(path, listing(version / name), ""):
            raise DataError(f"{version / name}: is not there whole, though it was sent")


def _tidy(dataset: RemotePath, kept: set[str]) -> None:
    """Remove versions that nobody reads any more, half sent ones among them."""
    oldest = f"{datetime.now(UTC) - _KEPT:%Y%m%d}"
    old = {name for name in _versions(dataset) if name not in kept and name[:8] < oldest}
    folder = dataset / VERSIONS
    delete(folder / name for name in listing(folder) if name.partition("/")[0] in old)
