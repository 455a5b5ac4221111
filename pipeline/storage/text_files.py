"""Text files that people write: UTF-8, or the line that is not."""

import re
from pathlib import Path

from models.errors import DataError

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def read_text(path: Path, what: str) -> str:
    """The text of a file that should hold `what`, such as `a lexicon`.

    Raises `DataError` naming the file, and the line of bytes or characters that are no text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
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
