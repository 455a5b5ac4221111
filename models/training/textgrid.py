"""Praat's TextGrids: long or short form, UTF-8 or UTF-16.

Praat itself reads them too, but misreads damaged ones, and allocates as many tiers as a file
claims.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from models.errors import DataError, shortened
from models.yaml_files import read_within

_MAX_BYTES = 100_000_000
_TOKEN = re.compile(
    r'(?<!\S)(?:(?P<text>"(?:[^"]|"")*")|(?P<flag><\w+>)'
    r"|(?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d{1,4})?)(?!\S))"
)


class Interval(NamedTuple):
    """A labelled stretch of a recording, in seconds from its start."""

    label: str
    start_s: float
    end_s: float


def read_textgrid(path: Path) -> dict[str, tuple[Interval, ...]]:
    """The intervals of every tier by its name, in their order; those without a label are left out.

    Raises `DataError` naming the file, and the line where it stops making sense.
    """
    tokens = _Tokens(path)
    if [tokens.text(), tokens.text()] != ["ooTextFile", "TextGrid"]:
        raise DataError(f"{path}: cannot be read as a TextGrid: its header is another one")
    tokens.span()
    tiers: dict[str, list[Interval]] = {}
    for _ in range(tokens.count() if tokens.flag() == "<exists>" else 0):
        kind, name = tokens.text(), tokens.text()
        tokens.span()
        for _ in range(tokens.count()):
            if kind == "IntervalTier":
                start_s, end_s = tokens.span()
                interval = Interval(tokens.label(), start_s, end_s)
                if interval.label and interval.start_s < interval.end_s:
                    tiers.setdefault(name, []).append(interval)
            elif kind == "TextTier":
                tokens.number()
                tokens.label()
            else:
                raise tokens.error(f"`{shortened(kind)}` is no kind of tier")
    return {tier: tuple(sorted(found, key=_start_s)) for tier, found in tiers.items()}


def tier_named(
    tiers: Mapping[str, tuple[Interval, ...]], name: str, path: Path
) -> tuple[Interval, ...]:
    """The tier `name`, also where an aligner put the speaker before it: `anna - phones`.

    Raises `DataError` where there is none, or more than one.
    """
    found = [known for known in tiers if known == name or known.endswith(f" - {name}")]
    if len(found) != 1:
        there = ", ".join(tiers) or "none with a label"
        raise DataError(f"{path}: {len(found)} tiers called {name}; there are {there}")
    return tiers[found[0]]


def _start_s(interval: Interval) -> float:
    return interval.start_s


class _Tokens:
    """What a TextGrid says, in order: quoted texts, flags and numbers that stand alone. All else,
    as the names of values in the long form, is ignored.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._written = path, _written(path)
        self._tokens, self._at = _TOKEN.finditer(self._written), 0

    def text(self) -> str:
        return self._next("text")[1:-1].replace('""', '"')

    def label(self) -> str:
        """A text with single spaces: tables and lists are made of labels."""
        return " ".join(self.text().split())

    def flag(self) -> str:
        return self._next("flag")

    def number(self) -> float:
        number = float(self._next("number"))
        if not math.isfinite(number):
            raise self.error("found a number that is not finite")
        return number

    def count(self) -> int:
        return int(self.number())

    def span(self) -> tuple[float, float]:
        return self.number(), self.number()

    def error(self, problem: str) -> DataError:
        line = self._written.count("\n", 0, self._at) + 1
        return DataError(f"{self._path}:{line}: cannot be read as a TextGrid: {problem}")

    def _next(self, kind: str) -> str:
        token = next(self._tokens, None)
        self._at = token.start() if token else len(self._written)
        if token is None or token.lastgroup != kind:
            there = "the end" if token is None else f"a {token.lastgroup}"
            raise self.error(f"found {there} where a {kind} should be")
        return token[0]


def _written(path: Path) -> str:
    try:
        data = read_within(path, _MAX_BYTES)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a TextGrid: {error}") from None
    if data.startswith(b"ooBinaryFile"):
        raise DataError(f"{path}: a binary TextGrid; save it as a text file in Praat")
    encoding = "utf-16" if data.startswith((b"\xfe\xff", b"\xff\xfe")) else "utf-8-sig"
    return data.decode(encoding, errors="replace")
