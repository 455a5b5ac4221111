"""Sentences that leave nothing out: every template, every slot value, every t-tuple of values.

First every template is said, then every slot value that is still missing, then every t-tuple
of slot values within a template, `at_least` times each; only after that come sentences that
say nothing new, in random order. A tuple whose sentence was said by another template or is
dropped by the filter is given up. Templates with conditions are covered as templates alone.

Listed slots are covered value by value. A slot made by rule (times, numbers) counts as one
level a slot: its pairs are those of its neighbours, and its values are drawn uniformly.
"""

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.errors import DataError
from pipeline.lexicons import Vocabulary
from pipeline.randomness import rng_for
from pipeline.records import Reject, Sentence, Slot
from pipeline.sampling import (
    STAGE,
    Intents,
    Maker,
    Source,
    ZipfConfig,
    sample,
    take_turns,
    uniforms_of,
)
from pipeline.templates import Template, tidy

_CANDIDATES = 4
_MAX_TUPLES = 50_000_000  # of one template; two bytes each
_TRIES = 8  # of other values of slots made by rule, before a tuple is given up


@dataclass(frozen=True)
class CoverageConfig:
    """For `sentences.strategy: coverage`: every `t` slot values of a template together, and all
    of it `at_least` times.
    """

    t: int = 2
    at_least: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.t <= 6:
            raise ValueError(f"t: {self.t}; from 1 to 6 is allowed")
        if not 1 <= self.at_least <= 1000:
            raise ValueError(f"at_least: {self.at_least}; from 1 to 1000 is allowed")


class TupleCover:
    """Which t-tuples of levels a template has said, and what to say next.

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
        for place in range(at + 1, min(at + 64, len(order))):
            if not skip:
                break
            if flat[order[place]] < self.target:
                found, skip = order[place], skip - 1
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

    def add(self, levels: tuple[int, ...]) -> None:
        """Count these levels as said once more."""
        for which, (subset, table) in enumerate(zip(self.subsets, self.tables, strict=True)):
            place = tuple(levels[p] for p in subset)
            self.left[which] -= int(table[place] == self.target - 1)
            table[place] += 1


class CoverSource:
    """A plain template that says the tuples it has not said, until it has said all."""

    def __init__(
        self,
        name: str,
        template: Template,
        maker: Maker,
        config: CoverageConfig,
        listed: Collection[str],
    ) -> None:
        assert template.pieces is not None
        self._intent, self._name, self._pieces = name.rpartition(":")[0], name, template.pieces
        self._maker = maker
        self._rng = rng_for(maker.seed, STAGE, f"{name}|cover")
        self.vocabularies = [piece for piece in self._pieces if not isinstance(piece, str)]
        self._listed = [vocabulary.name in listed for vocabulary in self.vocabularies]
        sizes = level_sizes(self.vocabularies, listed)
        self._cover = TupleCover(sizes, config.t, config.at_least, self._rng)

    def next_row(self) -> Sentence | Reject | None:
        while (levels := self._best()) is not None:
            if row := self._say(levels):
                return row
        return None

    def say_value(self, slot: str, index: int) -> Sentence | Reject | None:
        """A sentence with the value at `index` of the listed `slot`; None if all were said."""
        position = next(p for p, words in enumerate(self.vocabularies) if words.name == slot)
        return self._say(self._cover.filled({position: index}))

    def _best(self) -> tuple[int, ...] | None:
        options = [self._cover.candidate(skip) for skip in range(_CANDIDATES)]
        return max((o for o in options if o is not None), key=self._cover.gain, default=None)

    def _say(self, levels: tuple[int, ...]) -> Sentence | Reject | None:
        """The levels count as said even when no new sentence has them: they are given up."""
        self._cover.add(levels)
        for _ in range(1 if all(self._listed) else _TRIES):
            slots = tuple(map(self._slot, self.vocabularies, self._listed, levels))
            values = iter(slots)
            parts = [p if isinstance(p, str) else next(values).value for p in self._pieces]
            if row := self._maker.make(self._intent, self._name, tidy("".join(parts)), slots):
                return row
        return None

    def _slot(self, vocabulary: Vocabulary, is_listed: bool, level: int) -> Slot:
        index = level if is_listed else int(self._rng.random() * len(vocabulary))
        return Slot(vocabulary.name, vocabulary[index])


def level_sizes(vocabularies: Sequence[Vocabulary], listed: Collection[str]) -> list[int]:
    """How many levels each slot has: its values, or one for a slot made by rule."""
    return [len(words) if words.name in listed else 1 for words in vocabularies]


def check_coverage(
    intents: Intents, listed: Collection[str], config: CoverageConfig, count: int
) -> None:
    """Raise `DataError` for what cannot be covered: too few sentences, too many tuples."""
    templates = [template for lines in intents.values() for template in lines.values()]
    if count < len(templates):
        raise DataError(
            f"sentences.count: {count}, but sentences.coverage wants each of {len(templates)} "
            f"templates said; {len(templates)} sentences or more are needed"
        )
    for template in templates:
        slots = [p for p in template.pieces or () if not isinstance(p, str)]
        sizes = level_sizes(slots, listed)
        width = min(config.t, len(sizes))
        tuples = sum(math.prod(some) for some in itertools.combinations(sizes, width))
        if tuples > _MAX_TUPLES:
            raise DataError(
                f"{template.place}: has {tuples:,} groups of {config.t} slot values, and at most "
                f"{_MAX_TUPLES:,} can be covered; lower sentences.coverage.t"
            )


def cover(
    intents: Intents, listed: Collection[str], maker: Maker, config: CoverageConfig
) -> Iterator[Sentence | Reject]:
    """Rows in the order of this file's first lines, until nothing new is left."""
    uniforms = uniforms_of(rng_for(maker.seed, STAGE, f"{maker.domain}|cover"))
    sources = {
        f"{intent}:{line}": CoverSource(f"{intent}:{line}", template, maker, config, listed)
        for intent, lines in intents.items()
        for line, template in lines.items()
        if template.pieces is not None
    }
    with_conditions = {
        intent: {line: template for line, template in lines.items() if template.pieces is None}
        for intent, lines in intents.items()
    }
    said: set[tuple[str, str]] = set()
    for row in _every_template(sources, with_conditions, maker, config.at_least):
        if isinstance(row, Sentence):
            said.update((slot.name, slot.value) for slot in row.slots)
        yield row
    yield from _every_value(sources.values(), listed, said)
    by_intent: dict[str, list[Source]] = {}
    for name, source in sources.items():
        by_intent.setdefault(name.rpartition(":")[0], []).append(source)
    yield from take_turns(list(by_intent.values()), uniforms)
    yield from sample(intents, maker, "random", ZipfConfig())


def _every_template(
    sources: dict[str, CoverSource], others: Intents, maker: Maker, times: int
) -> Iterator[Sentence | Reject]:
    for _ in range(times):
        for source in sources.values():
            if row := source.next_row():
                yield row
    for intent, lines in others.items():
        for line, template in lines.items():
            one = sample({intent: {line: template}}, maker, "random", ZipfConfig())
            yield from itertools.islice(one, times)


def _every_value(
    sources: Collection[CoverSource], listed: Collection[str], said: set[tuple[str, str]]
) -> Iterator[Sentence | Reject]:
    """Slot values that no sentence has held yet, over the templates in turn."""
    users: dict[str, list[tuple[CoverSource, Vocabulary]]] = {}
    for source in sources:
        for words in {words.name: words for words in source.vocabularies}.values():
            if words.name in listed:
                users.setdefault(words.name, []).append((source, words))
    for name, using in users.items():
        turn = 0
        for words in {id(words): words for _, words in using}.values():
            mine = [source for source, other in using if other is words]
            for index, value in enumerate(words):
                if (name, value) in said:
                    continue
                turn += 1
                row = mine[turn % len(mine)].say_value(name, index)
                if isinstance(row, Sentence):
                    said.update((slot.name, slot.value) for slot in row.slots)
                if row:
                    yield row
