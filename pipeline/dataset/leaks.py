"""Leaks between splits: shared texts, templates, slot values, speakers, noise, rooms.

A value leaks when rows of two splits have it. A voice mixed of two speakers counts as both.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.errors import DataError
from models.speakers.names import parents_of
from pipeline.bits_by_hash import BitsByHash
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
    """Gathers which split has which values, in some twenty bytes for each distinct value."""

    def __init__(self, kept_apart: Iterable[str]) -> None:
        self._kept_apart = tuple(kept_apart)
        self._values: dict[str, _Values] = defaultdict(_Values)

    def add(self, row: Mapping[str, Any], split: str) -> None:
        """A row of the dataset that belongs to `split`."""
        bit = 1 << SPLITS.index(split)
        for kind, value in values_of(row):
            self._values[kind].add(value, bit)

    def leaks(self) -> list[Leak]:
        """All kinds that occur, those that are to be kept apart first."""
        slots = sorted(kind for kind in self._values if kind.startswith(SLOT))
        kinds = sorted([*KINDS, *slots], key=lambda kind: kind not in self._kept_apart)
        return [self._leak(kind) for kind in kinds if kind in self._values]

    def _leak(self, kind: str) -> Leak:
        values = self._values[kind]
        return Leak(
            kind,
            len(values.splits),
            values.num_crossing,
            tuple(values.first_crossing),
            kind in self._kept_apart,
        )


class _Values:
    """The values of a kind: the `splits` that have each, a bit for each of `SPLITS`; how many of
    them more than one has, and the first of these in their order.
    """

    def __init__(self) -> None:
        self.splits = BitsByHash()
        self.num_crossing = 0
        self.first_crossing: list[str] = []

    def add(self, value: str, bit: int) -> None:
        before = self.splits.mark(value, bit)
        if before.bit_count() == 1 and before != bit:
            self.num_crossing += 1
            insort(self.first_crossing, value)
            del self.first_crossing[_MOST_EXAMPLES:]


def values_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, value) of everything in a row that may leak."""
    if row["transcript"]:  # else there is no speech
        yield "text", row["transcript"]
        for speaker in {row["speaker"], *parents_of(row["speaker"])}:
            yield "speaker", speaker
    if row["template"]:
        yield "template", row["template"]
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
