"""An archive from the web: whole, with the right hash, and resumed where it was cut off."""

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.errors import DataError

Progress = Callable[[int, int], None]  # bytes there are, and bytes there will be (0: unknown)
_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 60


def download(url: str, to: Path, known_hash: str, progress: Progress = lambda *_: None) -> Path:
    """The file at `url`, checked against `algorithm:digest`; `to`.

    A file that is there with this hash is not downloaded. Bytes that came before the connection
    broke stay in `to`.part, and the next call asks for the rest. Raises `DataError` naming the
    address when it cannot be reached, and both hashes when they differ.
    """
    try:
        import pooch
    except ImportError:
        raise DataError("pooch is not installed; pip install -e '.[train]'") from None
    pooch.utils.get_logger().setLevel("ERROR")
    part = to.with_name(to.name + ".part")

    def fetch(url: str, output_file: str, _: Any) -> None:
        _fetch_rest(url, part, progress)
        part.replace(output_file)

    try:
        pooch.retrieve(url, known_hash, fname=to.name, path=to.parent, downloader=fetch)
    except ValueError as error:  # the hash: pooch has removed the file
        raise DataError(f"{url}: damaged or replaced: {' '.join(str(error).split())}") from None
    except urllib.error.HTTPError as error:
        raise DataError(f"{url}: the server says {error.code} {error.reason}") from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(f"{url}: cut off ({reason}); the same command goes on") from None
    return to


def _fetch_rest(url: str, part: Path, progress: Progress) -> None:
    """Append what is missing; a server that cannot give a part of a file sends all of it again."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing
            return
        raise
    with response:
        have = have if response.status == 206 else 0
        total = have + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if have else "wb") as file:
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                progress(have, total)
    if have < total:
        raise ConnectionError(f"{have} of {total} bytes")
