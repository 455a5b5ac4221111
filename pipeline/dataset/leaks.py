"""Leaks between splits: shared texts, templates, slot values, speakers, noise, rooms.

A value leaks when rows of two splits have it. A voice mixed of two speakers counts as both.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.errors import DataError
from models.speakers.names import parents_of
from pipeline.records import SIMULATED
from pipeline.splits import KINDS, SLOT, SPLITS

_MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Leak:
    """Of one kind: how many values there are, how many of them more than one split has, and
    whether the config wants them kept apart.
    """

    kind: str
    values: int
    crossing: int
    examples: tuple[str, ...]
    kept_apart: bool

    @property
    def is_broken(self) -> bool:
        return self.kept_apart and self.crossing > 0


class LeakFinder:
    """Gathers which split has which values; memory grows with distinct values, not with rows."""

    def __init__(self, kept_apart: Iterable[str]) -> None:
        self._kept_apart = tuple(kept_apart)
        # For each kind and value, the splits that have it: a bit for each of `SPLITS`.
        self._splits: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, row: Mapping[str, Any], split: str) -> None:
        """A row of the dataset that belongs to `split`."""
        bit = 1 << SPLITS.index(split)
        for kind, value in values_of(row):
            self._splits[kind][value] |= bit

    def leaks(self) -> list[Leak]:
        """All kinds that occur, those that are to be kept apart first."""
        slots = sorted(kind for kind in self._splits if kind.startswith(SLOT))
        kinds = sorted([*KINDS, *slots], key=lambda kind: kind not in self._kept_apart)
        return [self._leak(kind) for kind in kinds if kind in self._splits]

    def _leak(self, kind: str) -> Leak:
        by_value = self._splits[kind]
        crossing = sorted(value for value, splits in by_value.items() if splits.bit_count() > 1)
        examples = tuple(crossing[:_MOST_EXAMPLES])
        return Leak(kind, len(by_value), len(crossing), examples, kind in self._kept_apart)


def values_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, value) of everything in a row that may leak."""
    yield "text", row["transcript"]
    if row["template"]:
        yield "template", row["template"]
    for speaker in {row["speaker"], *parents_of(row["speaker"])}:
        yield "speaker", speaker
    for kind in ("noise", "room"):
        for source in row[kind]["source"].split("+"):
            if source not in ("", SIMULATED):
                yield kind, source
    for slot in row["slots"]:
        yield f"{SLOT}{slot['name']}", slot["value"].casefold()


def check_leaks(leaks: Iterable[Leak]) -> None:
    """Raise `DataError` naming the values that crossed though they were to be kept apart."""
    broken = [leak for leak in leaks if leak.is_broken]
    if broken:
        told = "; ".join(
            f"{leak.kind}: {leak.crossing} of {leak.values} cross splits, such as "
            f"{', '.join(leak.examples[:3])}"
            for leak in broken
        )
        raise DataError(f"output.disjoint: {told}")
