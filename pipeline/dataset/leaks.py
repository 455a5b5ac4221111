"""Leaks between splits: shared texts, templates, slot values, speakers, noise, rooms.

A value leaks when rows of two splits have it. A voice mixed of two speakers counts as both.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.errors import DataError
from models.speakers.names import parents_of
from pipeline.records import NEGATIVES, SIMULATED
from pipeline.splits import KINDS, SLOT

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


def values_table(values: Iterable[tuple[str, str]]) -> pa.Table:
    """The `values_of` rows of one split, each (kind, value) once: with a digest of 64 bits, by
    which two of a million values are taken for one once in 10^7 times.
    """
    kinds, texts = list[str](), list[str]()
    for kind, value in values:
        kinds.append(kind)
        texts.append(value)
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts]
    columns = {
        "kind": pa.array(kinds, pa.string()),
        "digest": pa.array(np.frombuffer(b"".join(digests), np.uint64)),
        "value": pa.array(texts, pa.string()),
    }
    return pa.table(columns)


class LeakFinder:
    """Gathers which split has which values, in eight bytes for each in a split."""

    def __init__(self, kept_apart: Iterable[str]) -> None:
        self._kept_apart = tuple(kept_apart)
        self._kinds: dict[str, dict[str, _Digests]] = defaultdict(lambda: defaultdict(_Digests))

    def add(self, values: pa.Table, split: str) -> None:
        """A `values_table` of rows that belong to `split`."""
        for kind in pc.unique(values["kind"]).to_pylist():
            self._kinds[kind][split].add(_of_kind(values, kind)["digest"].to_numpy())

    def leaks(self, tables: Iterable[pa.Table]) -> list[Leak]:
        """All kinds that occur, those that are to be kept apart first; `tables` are those that were
        added, once more, from which the examples come.
        """
        numbers, crossing = dict[str, int](), dict[str, np.ndarray]()
        for kind, splits in self._kinds.items():
            every = np.concatenate([digests.distinct() for digests in splits.values()])
            distinct, in_splits = np.unique(every, return_counts=True)
            numbers[kind], crossing[kind] = len(distinct), distinct[in_splits > 1]
        first = _first_of({kind: of for kind, of in crossing.items() if len(of)}, tables)
        slots = sorted(kind for kind in self._kinds if kind.startswith(SLOT))
        kinds = sorted([*KINDS, *slots], key=lambda kind: kind not in self._kept_apart)
        return [
            Leak(
                kind,
                numbers[kind],
                len(crossing[kind]),
                tuple(first.get(kind, ())),
                kind in self._kept_apart,
            )
            for kind in kinds
            if kind in numbers
        ]


class _Digests:
    """Distinct digests; those that came last are merged when they are as many as the others."""

    def __init__(self) -> None:
        self._merged, self._latest = np.empty(0, np.uint64), list[np.ndarray]()
        self._num_latest = 0

    def add(self, digests: np.ndarray) -> None:
        self._latest.append(digests)
        self._num_latest += len(digests)
        if self._num_latest > len(self._merged):
            self.distinct()

    def distinct(self) -> np.ndarray:
        """(values,) uint64, in order."""
        if self._latest:
            self._merged = np.unique(np.concatenate([self._merged, *self._latest]))
            self._latest, self._num_latest = [], 0
        return self._merged


def _of_kind(values: pa.Table, kind: str) -> pa.Table:
    return values.filter(pc.equal(values["kind"], kind))


def _first_of(
    crossing: Mapping[str, np.ndarray], tables: Iterable[pa.Table]
) -> dict[str, list[str]]:
    """The first values of each kind, in their order, whose digests are `crossing`."""
    first: dict[str, list[str]] = {kind: [] for kind in crossing}
    for table in tables if crossing else ():
        for kind, digests in crossing.items():
            own = _of_kind(table, kind)
            found = own.filter(np.isin(own["digest"].to_numpy(), digests))["value"].to_pylist()
            first[kind] = nsmallest(_MOST_EXAMPLES, {*first[kind], *found})
    return first


def values_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, value) of everything in a row that may leak."""
    if row["transcript"]:  # else there is no speech
        yield "text", row["transcript"]
        for speaker in {row["speaker"], *parents_of(row["speaker"])}:
            yield "speaker", speaker
    if row["template"] and row["source"] != NEGATIVES:
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
