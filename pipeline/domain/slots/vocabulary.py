"""Vocabularies: the weighted values that fill a template's slots.

Lists come from a domain's `lexicons/` (`pipeline/domain/lexicon_files.py`); what lists cannot hold
(times, dates, phone numbers) comes from `pipeline/domain/slots/written_forms.py` in the same shape.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

MAX_GROUP_SIZE = 2**52  # a uniform number tells no more values apart


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a lexicon, and what its file says about it.

    `weight` is relative to the lexicon's other values. `parts` are named things that belong
    to the value (`country` of a city); `say` is the IPA of its words, as written.
    """

    value: str
    weight: float = 1.0
    line: int = 0
    tags: frozenset[str] = frozenset()
    parts: Mapping[str, str] = field(default_factory=dict)
    say: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """`size` values that are equally likely; `weight` is that of the whole group.

    `at(index)` is the value at 0 <= index < size.
    """

    weight: float
    size: int
    at: Callable[[int], str]


class Vocabulary:
    """Everything a slot can be: distinct values that can be counted, listed and drawn."""

    def __init__(self, name: str, groups: Sequence[Group], entries: Iterable[Entry] = ()) -> None:
        self.name = name
        self.entries = {entry.value: entry for entry in entries}
        self._groups = tuple(groups)
        self._starts = [0, *accumulate(group.size for group in groups)]
        total = sum(group.weight for group in groups)
        self._edges = [edge / total for edge in accumulate(group.weight for group in groups)]
        self._edges[-1] = 1.0

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self):
            raise IndexError(index)
        which = bisect_right(self._starts, index) - 1
        return self._groups[which].at(index - self._starts[which])

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    def draw(self, uniform: float) -> str:
        """The value that a uniform number in [0, 1) points at, by weight."""
        which = bisect_right(self._edges, uniform)
        group = self._groups[which]
        low = self._edges[which - 1] if which else 0.0
        share = (uniform - low) / (self._edges[which] - low)
        return group.at(min(int(share * group.size), group.size - 1))

    def weights_at(self, indices: np.ndarray) -> np.ndarray:
        """The weights of the values at `indices`, relative to each other."""
        weights = np.array([group.weight / group.size for group in self._groups])
        result: np.ndarray = weights[np.searchsorted(self._starts, indices, side="right") - 1]
        return result

    @property
    def tags(self) -> frozenset[str]:
        return frozenset().union(*(entry.tags for entry in self.entries.values()))

    def tagged(self, tags: Iterable[str]) -> "Vocabulary | None":
        """The values that carry every one of `tags`, under the same name; None: there are none."""
        wanted = frozenset(tags)
        entries = [entry for entry in self.entries.values() if wanted <= entry.tags]
        return vocabulary_of(self.name, entries) if entries else None

    def part(self, value: str, name: str) -> str | None:
        """The part `name` of `value`, such as the country of a city; None: it has none."""
        entry = self.entries.get(value)
        return entry.parts.get(name) if entry else None


def vocabulary_of(name: str, entries: Sequence[Entry]) -> Vocabulary:
    """The vocabulary of a list: values of the same weight are a group."""
    by_weight: dict[float, list[str]] = {}
    for entry in entries:
        by_weight.setdefault(entry.weight, []).append(entry.value)
    groups = [
        Group(weight * len(values), len(values), values.__getitem__)
        for weight, values in by_weight.items()
    ]
    return Vocabulary(name, groups, entries)
