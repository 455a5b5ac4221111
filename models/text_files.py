"""Text files that people write: UTF-8, or the line that is not."""

import re
from pathlib import Path

from models.errors import DataError
from models.yaml_files import read_within

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?|\n")


def read_text(path: Path, what: str) -> str:
    """The text of a file that should hold `what`, such as `a lexicon`; a byte order mark is none
    of it.

    Raises `DataError` naming the file, and the line of bytes or characters that are no text; and
    for a file larger than `models.yaml_files.MAX_BYTES`.
    """
    try:
        content = read_within(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read as {what} ({reason})") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: cannot be read as {what}: not UTF-8 text") from None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise DataError(f"{path}:{line}: the character {found.group()!a} is not allowed in {what}")
    return text


def read_lines(path: Path, what: str) -> list[str]:
    """The lines of a text file as editors count them. Raises `DataError` as `read_text` does."""
    return lines_of(read_text(path, what))


def lines_of(text: str) -> list[str]:
    """Lines without their ends, which are LF, CR LF or CR.

    `str.splitlines` also cuts at U+2028, U+0085 and form feeds, which stand inside sentences.
    """
    lines = _LINE_END.split(text)
    return lines if lines[-1] else lines[:-1]
