"""Praat's TextGrids, read by Praat itself: long, short or binary form, UTF-8 or UTF-16."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from models.errors import DataError

_LINE = re.compile(r"\(line (\d+)\)")
_DECIMALS = 9


class Interval(NamedTuple):
    """A labelled stretch of a recording, in seconds from its start."""

    label: str
    start_s: float
    end_s: float


def read_textgrid(path: Path) -> dict[str, tuple[Interval, ...]]:
    """The intervals of every tier by its name, in their order; those without a label are left out.

    Raises `DataError` naming the file, and the line where Praat stopped.
    """
    import parselmouth
    from parselmouth.praat import call

    try:
        grid = parselmouth.read(str(path))
    except parselmouth.PraatError as error:
        raise DataError(_complaint(path, str(error))) from None
    if not isinstance(grid, parselmouth.TextGrid):
        raise DataError(f"{path}: holds a {type(grid).__name__}; needed is a TextGrid")
    # One table for all: to ask Praat for each number takes a hundred times as long.
    table = call(grid, "Down to Table", False, _DECIMALS, True, False)
    rows = [line.split("\t") for line in call(table, "List", False).strip("\n").split("\n")[1:]]
    tiers: dict[str, list[Interval]] = {}
    for row in rows:
        if len(row) != 4:
            raise DataError(f"{path}: a label holds a tab or a line break: {' '.join(row)!r}")
        start, tier, label, end = row
        if float(start) < float(end):  # the others are points
            interval = Interval(label.strip(), float(start), float(end))
            tiers.setdefault(tier, []).append(interval)
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


def _complaint(path: Path, message: str) -> str:
    first = message.splitlines()[0]
    line = _LINE.search(first)
    location = f"{path}:{line[1]}" if line else str(path)
    return f"{location}: cannot be read as a TextGrid: {_LINE.sub('', first).strip(' .')}"
