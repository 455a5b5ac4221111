"""The sentence filter: a blocklist, and bounds on length.

A blocklist is a text file, one entry a line; case does not matter:

    # never to be said
    damn
    for sale by owner
    re: \\bcall (911|112)\\b

A word or phrase is found as whole words, whatever punctuation stands between them and whichever
apostrophe in them. Other signs at their edges (`c++`) are refused, as they would not be looked for.
What follows `re:` is a regular expression, looked for in the sentence as it is written.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.config import resolve_path
from models.errors import DataError
from models.text_files import read_lines

_WORD = re.compile(r"[\w']+")
_REGEX = "re:"
_SIGNS = r"""[^\w\s.,;:!?"'“”()…–—-]+"""
_AT_AN_EDGE = re.compile(rf"(?<!\w){_SIGNS}|{_SIGNS}(?!\w)")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ", "'"))


@dataclass(frozen=True)
class FilterConfig:
    """Which sentences are dropped, each with a reason. Null: no bound.

    Words are parted by spaces; characters are those of the sentence as written.
    """

    blocklist: Path | None = None
    min_words: int | None = None
    max_words: int | None = None
    min_characters: int | None = None
    max_characters: int | None = None

    def __post_init__(self) -> None:
        for unit in ("words", "characters"):
            low, high = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if low is not None and low < 0:
                raise ValueError(f"min_{unit}: {low}; 0 or more is needed")
            if high is not None and high < max(low or 0, 1):
                raise ValueError(f"max_{unit}: {high}; at least 1 and min_{unit} is needed")


@dataclass(frozen=True, slots=True)
class _Entry:
    found_in: Callable[[str], object]
    reason: str


class SentenceFilter:
    """Says why a sentence is dropped. Raises `DataError` naming a line of the blocklist."""

    def __init__(self, config: FilterConfig) -> None:
        self._config = config
        self._entries = read_blocklist(config.blocklist) if config.blocklist else []

    def reason(self, text: str) -> str | None:
        """Why `text` is dropped; None for a sentence that stays."""
        for unit, size in (("words", text.count(" ") + 1), ("characters", len(text))):
            low = getattr(self._config, f"min_{unit}")
            high = getattr(self._config, f"max_{unit}")
            if low is not None and size < low:
                return f"too short: {size} {unit}; sentences.filter.min_{unit} is {low}"
            if high is not None and size > high:
                return f"too long: {size} {unit}; sentences.filter.max_{unit} is {high}"
        return next((entry.reason for entry in self._entries if entry.found_in(text)), None)


def read_blocklist(path: Path) -> list[_Entry]:
    """The entries of a blocklist file. Raises `DataError` naming file and line."""
    lines = read_lines(resolve_path(path), "a blocklist")
    return [
        _entry(line.strip(), f"{path}:{number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _entry(line: str, location: str) -> _Entry:
    reason = f"blocked by `{line}` ({location})"
    if not line.startswith(_REGEX):
        line = line.translate(_APOSTROPHES)
        words = _WORD.findall(line)
        if not words:
            raise DataError(f"{location}: `{line}` holds no word; write `re: ...` for signs")
        if signs := _AT_AN_EDGE.search(line):
            raise DataError(
                f"{location}: `{line}`: only words are looked for, not `{signs[0]}`; "
                "write `re: ...` for signs"
            )
        pattern = r"[^\w]+".join(map(re.escape, words))
        expression = re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)
        return _Entry(lambda text: expression.search(text.translate(_APOSTROPHES)), reason)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of `[[`, which means what it says
            expression = re.compile(line.removeprefix(_REGEX).strip(), re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise DataError(f"{location}: not a regular expression: {error}") from None
    if expression.search(""):
        raise DataError(f"{location}: `{line}` is found in every sentence; make it narrower")
    return _Entry(expression.search, reason)
