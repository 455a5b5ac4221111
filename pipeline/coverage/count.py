"""Counts of covered templates, slot values, t-tuples and sounds, over rows."""

import hashlib
import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from pipeline.domain.domains import Domain, as_said
from pipeline.domain.templates import Template
from pipeline.records import Slot
from pipeline.sentences.covering.diphones import (
    Diphone,
    PieceSpeech,
    SoundSet,
    breaths_of,
    diphones_of,
    inventory,
    possible_sounds,
)
from pipeline.sentences.covering.tuple_cover import (
    LISTED_RENDERINGS,
    MAX_TUPLES,
    Group,
    groups_of,
    level_sizes,
    tuple_counts,
)
from pipeline.text.pronunciations import Lexicon


@dataclass(frozen=True, slots=True)
class CountedRow:
    """A row as coverage sees it; `slots` are in the order of the text."""

    id: str
    template: str
    slots: tuple[Slot, ...]
    phonemes: str


class TemplateTally(NamedTuple):
    """What rows said of a template: `groups` and, for each table, the flat indices of `cells` and
    their counts, where these are not 0.
    """

    rows: int
    groups: Mapping[Group, int]
    cells: Sequence[tuple[np.ndarray, np.ndarray]]


class Tally(NamedTuple):
    """What was counted over some rows, to be added to what was counted over others."""

    rows: int
    ids: "IdSet"
    templates: Mapping[str, TemplateTally]
    values: Mapping[str, Mapping[str, int]]
    phones: Counter[str]
    diphones: Counter[Diphone]


class IdSet:
    """Which ids there are, in eight bytes each."""

    def __init__(self) -> None:
        self._digests, self._is_sorted = array("Q"), True

    def add(self, id: str) -> None:
        digest = hashlib.blake2b(id.encode(), digest_size=8).digest()
        self._digests.append(int.from_bytes(digest))
        self._is_sorted = False

    def update(self, others: "IdSet") -> None:
        self._digests.extend(others._digests)
        self._is_sorted = False

    def __contains__(self, id: str) -> bool:
        if not self._is_sorted:
            np.frombuffer(self._digests, np.uint64).sort()
            self._is_sorted = True
        digest = int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest())
        at = bisect_left(self._digests, digest)
        return at < len(self._digests) and self._digests[at] == digest


class TemplateCount:
    """How often each t-tuple of listed values of a template occurs.

    `tables` has an array of counts a choice of t slots. A template with conditions has `groups`
    instead, and one with `too_many` tuples or sentences to count has neither.
    """

    def __init__(self, template: Template, domain: Domain, t: int) -> None:
        self.template, self.rows, self.too_many = template, 0, False
        self._listed, self._t = domain.lexicons, t
        self.vocabularies = [p for p in template.pieces or () if not isinstance(p, str)]
        self.is_listed = [words.name in domain.lexicons for words in self.vocabularies]
        self.subsets: list[tuple[int, ...]] = []
        self.tables: list[np.ndarray] = []
        self.groups: Counter[Group] = Counter()
        self.levels = [
            {as_said(value): level for level, value in enumerate(words)} if listed else None
            for words, listed in zip(self.vocabularies, self.is_listed, strict=True)
        ]
        if template.pieces is not None:
            self._make_tables()
        elif template.max_renderings <= LISTED_RENDERINGS:
            renderings = template.all_renderings()
            every = (groups_of(r.slots, self._listed, t) for r in renderings)
            whole = {group: 0 for groups in every for group in groups if len(group) == t}
            self.groups = Counter(whole)
        else:
            self.too_many = True

    @property
    def num_possible(self) -> int:
        return sum(table.size for table in self.tables) + len(self.groups)

    def num_covered(self, at_least: int) -> int:
        in_tables = sum(int((table >= at_least).sum()) for table in self.tables)
        return in_tables + sum(count >= at_least for count in self.groups.values())

    def add(self, slots: Sequence[Slot]) -> None:
        """Count a row with these slots. Values that are in no lexicon say no tuple."""
        self.rows += 1
        for group in groups_of(slots, self._listed, self._t) if self.groups else ():
            if group in self.groups:
                self.groups[group] += 1
        if [slot.name for slot in slots] != [words.name for words in self.vocabularies]:
            return
        levels = [
            0 if known is None else known.get(slot.value, -1)
            for known, slot in zip(self.levels, slots, strict=True)
        ]
        for subset, table in zip(self.subsets, self.tables, strict=True):
            cell = tuple(levels[position] for position in subset)
            if -1 not in cell:
                table[cell] += 1

    def tally(self) -> TemplateTally:
        flat = [table.reshape(-1) for table in self.tables]
        counted = [np.flatnonzero(table) for table in flat]
        cells = [(at, table[at]) for at, table in zip(counted, flat, strict=True)]
        groups = {group: count for group, count in self.groups.items() if count}
        return TemplateTally(self.rows, groups, cells)

    def include(self, others: TemplateTally) -> None:
        self.rows += others.rows
        self.groups.update(others.groups)
        for table, (at, counts) in zip(self.tables, others.cells, strict=True):
            table.reshape(-1)[at] += counts

    def _make_tables(self) -> None:
        """Slots made by rule have no values to count, and are in no tuple."""
        sizes = level_sizes(self.vocabularies, self.is_listed)
        listed = [position for position, is_listed in enumerate(self.is_listed) if is_listed]
        if len(listed) < self._t:
            return
        self.too_many = sum(tuple_counts([sizes[p] for p in listed], self._t)) > MAX_TUPLES
        if self.too_many:
            return
        self.subsets = list(combinations(listed, self._t))
        self.tables = [np.zeros([sizes[p] for p in s], np.uint32) for s in self.subsets]


class CoverageCount:
    """Counts over rows, of a domain or (`None`) of sounds alone."""

    def __init__(
        self, domain: Domain | None, accents: Iterable[str], lexicon: Lexicon, t: int
    ) -> None:
        self.domain, self.num_rows = domain, 0
        self.ids = IdSet()
        self.templates: dict[str, TemplateCount] = {}
        self.values: dict[str, Counter[str]] = {}
        self.phones: Counter[str] = Counter()
        self.diphones: Counter[Diphone] = Counter()
        accents = list(accents)
        self.inventory = frozenset[str]().union(*map(inventory, accents))
        self.possible = SoundSet()
        if domain is None:
            return
        self.templates = {
            name: TemplateCount(template, domain, t)
            for name, template in domain.named_templates().items()
        }
        self.values = {
            name: Counter(dict.fromkeys(words, 0)) for name, words in domain.listed_values.items()
        }
        for accent in accents:
            self.possible |= possible_sounds(domain, PieceSpeech(domain, accent, lexicon))

    def add(self, row: CountedRow) -> None:
        self.num_rows += 1
        self.ids.add(row.id)
        if row.template in self.templates:
            self.templates[row.template].add(row.slots)
        for slot in set(row.slots):
            if slot.value in self.values.get(slot.name, ()):
                self.values[slot.name][slot.value] += 1
        breaths = breaths_of(row.phonemes)
        for breath in breaths:
            self.phones.update(breath)
        self.diphones.update(diphones_of(breaths))

    def tally(self) -> Tally:
        """What was counted so far."""
        templates = {name: one.tally() for name, one in self.templates.items() if one.rows}
        values = {
            slot: {value: count for value, count in counts.items() if count}
            for slot, counts in self.values.items()
        }
        return Tally(self.num_rows, self.ids, templates, values, self.phones, self.diphones)

    def include(self, others: Tally) -> None:
        """Other rows of the same domain, counted elsewhere."""
        self.num_rows += others.rows
        self.ids.update(others.ids)
        for name, of_template in others.templates.items():
            self.templates[name].include(of_template)
        for slot, counts in others.values.items():
            self.values[slot].update(counts)
        self.phones.update(others.phones)
        self.diphones.update(others.diphones)


def evenness(counts: Iterable[int], num_possible: int) -> float:
    """Entropy of the counts as a share of the largest there could be: 1 is all equally often."""
    counts = [count for count in counts if count]
    total = sum(counts)
    if not total or num_possible < 2:
        return 0.0
    shares = [count / total for count in counts]
    return -sum(share * math.log(share) for share in shares) / math.log(num_possible)
