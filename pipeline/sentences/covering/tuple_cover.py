"""The t-tuples of slot values that a template has covered, and the next values to choose."""

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from pipeline.domain.slots.vocabulary import Vocabulary
from pipeline.records import Slot

LISTED_RENDERINGS = 20_000  # of a template with conditions, to be covered tuple by tuple
MAX_TUPLES = 50_000_000  # of one template; two bytes each
_MOST_OTHERS = 1_000  # sentences with one tuple that are looked at for one not said yet

Group = tuple[tuple[str, str], ...]  # names and values of slots


def level_sizes(vocabularies: Sequence[Vocabulary], listed: Sequence[bool]) -> list[int]:
    """How many levels each slot has: its values if they are listed, or one if made by rule."""
    return [len(w) if is_listed else 1 for w, is_listed in zip(vocabularies, listed, strict=True)]


def tuple_counts(sizes: Sequence[int], t: int) -> list[int]:
    """How many t-tuples of levels there are for each choice of `t` slots (of all, if fewer)."""
    chosen = itertools.combinations(sizes, min(t, len(sizes)))
    return [math.prod(some) for some in chosen]


def groups_of(slots: Iterable[Slot], listed: Collection[str], t: int) -> list[Group]:
    """The t-tuples of listed values among the slots of a sentence; of all of them, if fewer.

    For templates with conditions, whose slots differ from sentence to sentence; a part of a value
    (`city.country`) counts as listed.
    """
    values = [(s.name, s.value) for s in slots if s.name.partition(".")[0] in listed]
    return list(itertools.combinations(values, min(t, len(values))))


class TupleCover:
    """The t-tuples of levels that a template has covered, and the next levels to choose.

    `sizes` are the numbers of levels of its slots, in reading order.
    """

    def __init__(self, sizes: Sequence[int], t: int, target: int, rng: np.random.Generator) -> None:
        self.sizes, self.target, self._rng = sizes, target, rng
        self.subsets = list(itertools.combinations(range(len(sizes)), min(t, len(sizes))))
        self.tables = [np.zeros([sizes[p] for p in s], np.uint16) for s in self.subsets]
        self._orders = [rng.permutation(table.size) for table in self.tables]
        self._at = [0] * len(self.tables)
        self.left = [table.size for table in self.tables]

    def candidate(self, skip: int = 0) -> tuple[int, ...] | None:
        """Levels whose seed is the `skip`-th next uncovered tuple; None: all are covered."""
        which = int(np.argmax(self.left))
        if self.left[which] <= 0:
            return None
        seed = self._next_uncovered(which, skip)
        return self.filled(dict(zip(self.subsets[which], map(int, seed), strict=True)))

    def filled(self, chosen: dict[int, int]) -> tuple[int, ...]:
        """The levels `chosen` by position, and for other positions those that say most anew."""
        for position in self._rng.permutation(len(self.sizes)).tolist():
            if position not in chosen:
                chosen[position] = self._best_level(position, chosen)
        return tuple(chosen[p] for p in range(len(self.sizes)))

    def _next_uncovered(self, which: int, skip: int) -> tuple[np.intp, ...]:
        table, order = self.tables[which], self._orders[which]
        flat, at = table.reshape(-1), self._at[which]
        while flat[order[at]] >= self.target:
            at += 1
        self._at[which] = at
        found = order[at]
        for candidate in range(at + 1, min(at + 64, len(order))):
            if not skip:
                break
            if flat[order[candidate]] < self.target:
                found, skip = order[candidate], skip - 1
        return np.unravel_index(found, table.shape)

    def _best_level(self, position: int, chosen: dict[int, int]) -> int:
        gain = self._rng.random(self.sizes[position])
        for subset, table in zip(self.subsets, self.tables, strict=True):
            if position in subset and all(p in chosen for p in subset if p != position):
                where = tuple(slice(None) if p == position else chosen[p] for p in subset)
                gain += table[where] < self.target
        return int(np.argmax(gain))

    def gain(self, levels: tuple[int, ...]) -> int:
        """How many tuples it would say for the first time."""
        tables = zip(self.subsets, self.tables, strict=True)
        return sum(int(table[tuple(levels[p] for p in s)] < self.target) for s, table in tables)

    def others(self, levels: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Levels with the same first uncovered tuple and any others beside it, in random order: all
        there are, or `_MOST_OTHERS` of them. None where all tuples are covered.
        """
        subset = self._uncovered_in(levels)
        if subset is None:
            return
        free = [position for position in range(len(levels)) if position not in subset]
        sizes = [self.sizes[position] for position in free]
        count = math.prod(sizes)
        all_of_them = count <= _MOST_OTHERS
        drawn = (
            self._rng.permutation(count)
            if all_of_them
            else self._rng.integers(count, size=_MOST_OTHERS)
        )
        for number in drawn.tolist():
            other = list(levels)
            for position, level in zip(free, np.unravel_index(number, sizes or [1]), strict=False):
                other[position] = int(level)
            yield tuple(other)

    def give_up(self, levels: tuple[int, ...]) -> None:
        """Count the first uncovered tuple of these levels as covered."""
        subset = self._uncovered_in(levels)
        if subset is not None:
            which = self.subsets.index(subset)
            self.left[which] -= 1
            self.tables[which][tuple(levels[p] for p in subset)] = self.target

    def _uncovered_in(self, levels: tuple[int, ...]) -> tuple[int, ...] | None:
        for subset, table in zip(self.subsets, self.tables, strict=True):
            if table[tuple(levels[p] for p in subset)] < self.target:
                return subset
        return None

    def add(self, levels: tuple[int, ...]) -> None:
        """Count these levels as covered once more."""
        for which, (subset, table) in enumerate(zip(self.subsets, self.tables, strict=True)):
            cell = tuple(levels[p] for p in subset)
            self.left[which] -= int(table[cell] == self.target - 1)
            table[cell] += 1
