"""Paths as people write them: on this machine, below `~`, or in an object store."""

import re
from pathlib import Path

from models.errors import ConfigError, shortened
from models.object_store import STORES, RemotePath

_ALLOWED = ", ".join(f"{scheme}://" for scheme in STORES)
_MAY_BE_SECRET = re.compile(r"(?<=://)[^?]*(?=@)|(?<=\?).*")  # name and password, a signature
_SIGNED = re.compile(r"\?.*(sig|signature|token)=", re.I)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")


def as_path(path: Path | str, key: str = "") -> Path:
    """The path that someone wrote: `~` and `~NAME` stand for home folders, `s3://` for a store.

    Raises `ConfigError`, beginning with `key`, for another scheme and where there is no such user.
    """
    if isinstance(path, RemotePath):
        return path
    where = f"{key}: " if key else ""
    scheme = _SCHEME.match(str(path))
    # pathlib takes the second slash away, from whatever went through it
    if scheme and (isinstance(path, Path) or scheme[1] in STORES or "://" in path):
        return _remote(path, scheme[1], where)
    try:
        return Path(path).expanduser()
    except RuntimeError:
        user = str(path).partition("/")[0]
        raise ConfigError(f"{where}{user}: there is no such user, so no home folder") from None


def _remote(path: Path | str, scheme: str, where: str) -> RemotePath:
    text = f"{scheme}://{str(path)[len(scheme) + 1 :].lstrip('/')}"
    if scheme not in STORES:
        raise ConfigError(
            f"{where}{shortened(_MAY_BE_SECRET.sub('…', text))}: {scheme}:// is not supported; "
            f"allowed: {_ALLOWED} and local paths"
        )
    bucket = text.partition("://")[2].partition("/")[0]
    if ("@" in bucket and scheme != "az") or ":" in bucket or _SIGNED.search(text):
        raise ConfigError(
            f"{where}{scheme}://…: credentials do not belong in an address, but in the environment"
        )
    if not bucket:
        raise ConfigError(f"{where}{text}: names no bucket; {scheme}://BUCKET/FOLDER is needed")
    return RemotePath(text)
