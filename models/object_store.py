"""Objects in S3, Google's and Azure's stores and on the Hugging Face hub, through fsspec.

What fails for the moment (an answer of 500, a cut connection, one that says nothing) is tried again
with growing pauses; what fails for good is one line, in which no credentials stand.
"""

import errno
import os
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PosixPath
from typing import Any, NamedTuple, NoReturn, TypeVar

from models.errors import ConfigError, DataError, shortened

T = TypeVar("T")

STORES = {  # scheme -> the extra of the package that reads it
    "s3": "s3",
    "gs": "gcs",
    "az": "azure",
    "hf": "hub",
}

_AT_ONCE = 8  # transfers
_PAUSES_S = (0.5, 2.0, 8.0)  # between attempts, and up to as much again at random
# What a provider's library is told unless the user's `FSSPEC_S3` says otherwise: s3fs tries five
# times, and botocore would five times in each; a store that says nothing is told after minutes.
_OPTIONS: dict[str, dict[str, Any]] = {"s3": {"config_kwargs": {"retries": {"max_attempts": 1}}}}
# What tells one content of an object from another: the first that a store gives.
_VERSIONS = ("ETag", "etag", "md5Hash", "blob_id", "LastModified", "last_modified", "mtime")
_FOR_GOOD = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_NO_CREDENTIALS = re.compile(r"credential|unauthori[sz]ed|\b40[13]\b|forbidden|denied", re.I)
_SECRET_NAME = re.compile("KEY|TOKEN|SECRET|PASSWORD|CONNECTION_STRING|SAS")


class RemotePath(PosixPath):
    """A path in an object store, `s3://bucket/folder/file`.

    It is named and joined as other paths are, and read whole. Whatever else would take it for a
    file of this machine gets a `ConfigError`, so nothing lands in a folder called `s3:`.
    """

    def __str__(self) -> str:
        scheme, _, within = super().__str__().partition(":/")
        return f"{scheme}://{within.lstrip('/')}"

    def __fspath__(self) -> NoReturn:
        raise ConfigError(f"{self}: is not on this machine; a local path is needed here")

    def __bytes__(self) -> NoReturn:
        self.__fspath__()

    def is_absolute(self) -> bool:
        return True

    def absolute(self) -> "RemotePath":
        return self

    def resolve(self, strict: bool = False) -> "RemotePath":
        return self

    def expanduser(self) -> "RemotePath":
        return self

    @property
    def scheme(self) -> str:
        return self.parts[0].removesuffix(":")

    @property
    def key(self) -> str:
        """What follows the scheme: bucket and name."""
        return "/".join(self.parts[1:])

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        return bool(listing(self))

    def read_bytes(self) -> bytes:
        return read(self)

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")


class Stored(NamedTuple):
    """An object: its size in bytes, and a text that changes with its content."""

    size: int
    version: str


def listing(place: RemotePath) -> dict[str, Stored]:
    """The objects below `place` by their names within it; `place` itself, an object, is ``""``.

    None where there is nothing. Raises `DataError` as all functions here: for what cannot be
    reached, or may not be.
    """
    try:
        found = _tried(place, lambda: _found(place))
    except _Missing:
        return {}
    root, objects = place.key, dict[str, Stored]()
    for name, info in found.items():
        if info.get("type") == "file" and not name.endswith("/"):
            within = name.removeprefix(root).lstrip("/")
            objects[within] = Stored(int(info["size"]), _version(info))
    return objects


def _found(place: RemotePath) -> Mapping[str, Mapping[str, Any]]:
    """What a store says of each object; adlfs gives no more than the name of a single one."""
    store = _file_system(place)
    found = store.find(place.key, detail=True)
    return found if isinstance(found, Mapping) else {name: store.info(name) for name in found}


def read(path: RemotePath) -> bytes:
    """The content of an object. Raises `FileNotFoundError` where there is none."""
    try:
        return _tried(path, lambda: bytes(_file_system(path).cat_file(path.key)))
    except _Missing as error:
        raise FileNotFoundError(errno.ENOENT, "no such object", str(path)) from error


def write(path: RemotePath, content: bytes) -> None:
    """Put an object in the place of what is there: readers see the one or the other."""
    _tried(path, lambda: _file_system(path).pipe_file(path.key, content))


def delete(paths: Iterable[RemotePath]) -> None:
    """Remove objects; those that are gone already are left at that."""

    def one(path: RemotePath) -> None:
        with suppress(_Missing):  # which Google's and Azure's stores say, after a lost answer too
            _tried(path, lambda: _file_system(path).rm_file(path.key))

    _each(paths, one)


def fetch(copies: Mapping[RemotePath, tuple[Path, Stored]]) -> None:
    """Write each object to a local file, whole or not at all. Raises `DataError` for one that is
    not what was listed, and `OSError` for the disk.
    """

    def one(path: RemotePath) -> None:
        local, stored = copies[path]
        half = local.with_name(f".{local.name}.half")
        local.parent.mkdir(parents=True, exist_ok=True)

        def transfer() -> None:
            _file_system(path).get_file(path.key, str(half))
            if half.stat().st_size != stored.size:
                raise ConnectionError(f"{half.stat().st_size} of {stored.size} bytes came")

        _tried(path, transfer)
        half.replace(local)

    _each(copies, one)


def send(copies: Mapping[RemotePath, Path]) -> None:
    """Put local files into a store."""

    def one(path: RemotePath) -> None:
        _tried(path, lambda: _file_system(path).put_file(str(copies[path]), path.key))

    _each(copies, one)


class _Missing(DataError):
    """There is no such object."""


def _each(paths: Iterable[RemotePath], act: Callable[[RemotePath], None]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(act, path) for path in paths]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _tried(path: RemotePath, act: Callable[[], T]) -> T:
    for pause_s in (*_PAUSES_S, None):
        try:
            return act()
        except Exception as error:
            if _is_of_this_machine(error):
                raise
            if pause_s is None or _is_for_good(path, error):
                raise _told(path, error) from None
        time.sleep(pause_s * (1 + random.random()))
    raise AssertionError("the last attempt returns or raises")


def _is_of_this_machine(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL


def _is_for_good(path: RemotePath, error: Exception) -> bool:
    return (
        isinstance(error, (ImportError, *_FOR_GOOD)) or _is_missing(error) or _refused(path, error)
    )


def _is_missing(error: Exception) -> bool:
    return isinstance(error, FileNotFoundError) or _status(error) == 404


def _refused(path: RemotePath, error: Exception) -> bool:
    """Told by the answer's status, or else by what the error says beside addresses and names."""
    names = rf"https?://\S+|(?<!\w){re.escape(path.key)}(?!\w)"
    said = re.sub(names, "", f"{type(error).__name__} {error}")
    return _status(error) in (401, 403) or bool(_NO_CREDENTIALS.search(said))


def _status(error: Exception) -> object:
    """That of the HTTP answer, where the provider's library gives it: Azure's, gcsfs."""
    return getattr(error, "status_code", None) or getattr(error, "code", None)


def _told(path: RemotePath, error: Exception) -> DataError:
    if isinstance(error, ImportError):
        return DataError(
            f"{path}: {path.scheme}:// needs another package: "
            f"pip install -e '.[{STORES[path.scheme]}]'"
        )
    if _is_missing(error):
        return _Missing(f"{path}: no such object or bucket")
    reason = without_secrets(f"{type(error).__name__}: {error}")
    if _refused(path, error):
        return DataError(f"{path}: access is denied; are the credentials set? ({reason})")
    return DataError(f"{path}: cannot be reached ({reason})")


def without_secrets(text: str) -> str:
    """A line that may be shown: signed queries, and what the environment keeps secret, left out."""
    text = re.sub(r"\?[^\s'\")]*", "?…", text)
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name.upper()) and len(value) >= 8:
            text = text.replace(value, "***")
    return shortened(text, 300)


def _version(info: Mapping[str, Any]) -> str:
    return next((str(info[name]) for name in _VERSIONS if info.get(name)), "")


def _file_system(path: RemotePath) -> Any:
    import fsspec

    told = fsspec.config.conf.get(path.scheme, {})
    usual = _OPTIONS.get(path.scheme, {})
    options = {name: value for name, value in usual.items() if name not in told}
    options |= {"use_listings_cache": False}
    if path.scheme == "hf":
        options |= hub_access()
    return fsspec.filesystem(path.scheme, **options)


def hub_access() -> dict[str, Any]:
    """What the Hugging Face hub is asked with: a token of the environment or none, never that of a
    file; another address where `HF_ENDPOINT` gives one.
    """
    token, endpoint = os.environ.get("HF_TOKEN"), os.environ.get("HF_ENDPOINT")
    return {"token": token or False} | ({"endpoint": endpoint} if endpoint else {})
