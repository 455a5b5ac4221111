"""Copies on this machine of what lies in an object store, kept by content.

`CACHE/remote/s3/BUCKET/FOLDER/KEY/NAME` is `s3://BUCKET/FOLDER/NAME` as it was when its objects had
the sizes and versions that KEY stands for; it is never written to again. Another content is another
copy, so what a build has begun to read stays what it is.
"""

import fcntl
import functools
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from models.cache_folder import cache_folder
from models.errors import DataError
from models.object_store import RemotePath, Stored, fetch, listing

_BESIDE = "sources.csv"  # describes a folder of sounds that it lies beside


@functools.cache
def mirror(place: RemotePath) -> Path:
    """The copy of an object, or of a folder of them; looked up once a process, or again after
    `mirror.cache_clear()`.

    Raises `DataError` where nothing is there, or it cannot be reached.
    """
    objects = _objects(place)
    if not objects:
        raise DataError(f"{place}: there is nothing of this name")
    kept = _folder_of(place, objects)
    with _alone(kept):
        if not kept.exists():
            _copy(objects, kept)
    return kept / place.name


def _objects(place: RemotePath) -> dict[str, tuple[RemotePath, Stored]]:
    """Objects by the names of their copies, which begin with the name of `place`."""
    below = listing(place)
    found = {f"{place.name}/{name}".rstrip("/"): (place / name, below[name]) for name in below}
    root = 4 if place.scheme == "hf" else 2  # parts: hf://datasets/ORG/NAME, s3://BUCKET
    if below and "" not in below and len(place.parts) > root:
        beside = place.parent / _BESIDE
        found |= {path.name: (path, of) for path, of in _itself(beside)}
    folders = {str(folder) for name in found for folder in PurePosixPath(name).parents}
    for name in found:
        if {"", ".", ".."} & set(name.split("/")):
            raise DataError(f"{place}: holds {name!r}, which no folder of this machine can hold")
        if name in folders:
            raise DataError(f"{place}: {name!r} is an object and a folder of others; remove one")
    return found


def _itself(path: RemotePath) -> list[tuple[RemotePath, Stored]]:
    """An object, or nothing where there is none."""
    return [(path, stored) for name, stored in listing(path).items() if not name]


def _folder_of(place: RemotePath, objects: Mapping[str, tuple[RemotePath, Stored]]) -> Path:
    content = json.dumps(sorted((name, *stored) for name, (_, stored) in objects.items()))
    key = hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
    above = [place.scheme, *place.parts[1:-1]]
    return cache_folder().absolute().joinpath("remote", *above, key)


def _copy(objects: Mapping[str, tuple[RemotePath, Stored]], kept: Path) -> None:
    """Copy what is not there yet, then give the whole its name."""
    half = kept.with_name(f".{kept.name}.half")
    half.mkdir(exist_ok=True)
    needed = sum(stored.size for _, stored in objects.values())
    if needed > shutil.disk_usage(half).free:
        gigabytes = f"{needed / 1e9:.1f} GB"
        raise DataError(f"{half}: the disk is too full for {gigabytes}; set VOXLOOM_CACHE")
    lacking = {
        path: (half / name, stored)
        for name, (path, stored) in objects.items()
        if not _is_there(half / name, stored)
    }
    try:
        fetch(lacking)
    except OSError as error:  # of the disk, which often names no file
        told = "cannot be written; free some space, or set VOXLOOM_CACHE"
        raise DataError(f"{half}: {told} ({error.strerror})") from None
    half.rename(kept)


def _is_there(local: Path, stored: Stored) -> bool:
    return local.is_file() and local.stat().st_size == stored.size


@contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """Wait until no other process makes this copy."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_name(f".{kept.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
