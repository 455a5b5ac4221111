"""Sentences that the user brings: a text file, one a line, as a source beside the templates.

A row's template is `FILE:LINE`, so that it leads back to the line it was read from.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models.config import resolve_path
from models.errors import DataError
from pipeline.records import Reject, Sentence
from pipeline.sampling import STAGE, Maker
from pipeline.sources import SentenceSource, check_share

_SUFFIXES = (".txt",)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class OwnFile:
    """A file of the user's own sentences, which give `share` of `sentences.count`.

    `domain` is what their ids begin with; null: the file's name without its suffix.
    """

    path: Path
    share: float
    domain: str | None = None

    def __post_init__(self) -> None:
        check_share(self.share)
        if self.path.suffix not in _SUFFIXES:
            raise ValueError(f"path: {self.path}; {', '.join(_SUFFIXES)} is allowed")
        if self.domain is not None and not _NAME.fullmatch(self.domain):
            raise ValueError(
                f"domain: {self.domain!r}; letters, digits, `.`, `_` and `-` are allowed"
            )

    @property
    def name(self) -> str:
        """What stands in the column `domain`, and what ids begin with."""
        return self.domain or _NOT_OF_A_NAME.sub("_", self.path.stem).strip("._-") or "own"


def own_source(key: str, file: OwnFile) -> SentenceSource:
    """The sentences of `file`, whose section of the config is `key`."""
    return SentenceSource(
        place=str(file.path),
        lower=f"{key}.share",
        share=file.share,
        check=partial(_check, file),
        rows=lambda maker, _: _rows(file, maker),
        digest=lambda: hashlib.blake2b(_content(file), digest_size=8).hexdigest(),
    )


def _check(file: OwnFile, number: int) -> None:
    lines = {line for line in _content(file).splitlines() if line.strip()}
    if len(lines) < number:
        raise DataError(
            f"{file.path}: {number} sentences asked for, but only {len(lines)} distinct ones exist"
        )


def _rows(file: OwnFile, maker: Maker) -> Iterator[Sentence | Reject]:
    for number, line in enumerate(_content(file).splitlines(), start=1):
        place = f"{file.path.name}:{number}"
        try:
            text = " ".join(line.decode().split())
        except UnicodeDecodeError:
            yield Reject(f"{file.name}-line-{number}", STAGE, f"{place}: not UTF-8 text")
            continue
        row = maker.make("", place, text, (), source="files", domain=file.name) if text else None
        if row:
            yield row


def _content(file: OwnFile) -> bytes:
    try:
        return resolve_path(file.path).read_bytes()
    except OSError as error:
        raise DataError(f"{file.path}: cannot be read ({error.strerror or error})") from None
