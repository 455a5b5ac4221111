"""Coverage sampling: every template, every slot value, every t-tuple of values.

First every template is said, then every slot value that is still missing, then every t-tuple
of slot values within a template, `at_least` times each; only after that come sentences that
say nothing new, drawn at random. A tuple whose sentence was said by another template or is
dropped by the filter is given up. Among sentences that say equally much, the one with the
rarest sounds is said (`pipeline/sentences/covering/sound_balance.py`).

Listed slots are covered value by value. A slot made by rule (times, numbers) counts as one
level a slot: its pairs are those of its neighbours, and its values are drawn uniformly. Of a
template with conditions all sentences are listed, and those that hold a tuple not yet said
are taken; where it has too many of them it is covered as a template alone.
"""

import functools
import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pipeline.domain.domains import Domain
from pipeline.domain.slots.vocabulary import Vocabulary
from pipeline.domain.templates import Template
from pipeline.records import Reject, Sentence
from pipeline.sentences.covering.diphones import PieceSpeech, accent_of, possible_sounds
from pipeline.sentences.covering.slot_filler import (
    CANDIDATES,
    BalancedSource,
    SlotFiller,
    SoundingSource,
    interleave_by_rarity,
)
from pipeline.sentences.covering.sound_balance import SoundBalance
from pipeline.sentences.covering.tuple_cover import (
    LISTED_RENDERINGS,
    Group,
    TupleCover,
    groups_of,
    level_sizes,
)
from pipeline.sentences.drawing.permutation import MAX_SIZE
from pipeline.sentences.drawing.sampling import (
    Maker,
    PermutedSource,
    SlotValues,
    ZipfConfig,
    sample,
    uniforms_of,
)

_REJECTS = 16  # in a row, before a template or a value is left for later
_TRIES = 8  # of other values of slots made by rule, before a tuple is given up


@dataclass(frozen=True)
class CoverageConfig:
    """For `sentences.strategy: coverage`: every `t` slot values of a template together, and all
    of it `at_least` times.

    What cannot be covered, by its nature or for want of sentences, is an error before work;
    with `partial` it is left out and the report shows it. `balance` evens out the sounds.
    """

    t: int = 2
    at_least: int = 1
    partial: bool = False
    balance: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.t <= 6:
            raise ValueError(f"t: {self.t}; from 1 to 6 is allowed")
        if not 1 <= self.at_least <= 1000:
            raise ValueError(f"at_least: {self.at_least}; from 1 to 1000 is allowed")


class CoverSource:
    """A template without conditions, drawn until it has covered all of its tuples."""

    def __init__(self, filler: SlotFiller, config: CoverageConfig, maker: Maker) -> None:
        self.filler = filler
        self._rng = maker.rng(f"{filler.name}|cover")
        sizes = level_sizes(filler.vocabularies, filler.listed)
        self._cover = TupleCover(sizes, config.t, config.at_least, self._rng)
        self._next: tuple[int, ...] | None = None
        self._said: set[tuple[int, ...]] = set()

    def worth(self) -> float:
        if self._next is None:
            self._next = self._best()
        return 0.0 if self._next is None else self.filler.worth(self._values(self._next))

    def next_row(self) -> Sentence | Reject | None:
        while (levels := self._best() if self._next is None else self._next) is not None:
            self._next = None
            if row := self._say(levels):
                return row
        return None

    def say_value(self, slot: str, index: int) -> Sentence | Reject | None:
        """A sentence with the value at `index` of the listed `slot`; None if all were covered."""
        names = [words.name for words in self.filler.vocabularies]
        return self._say(self._cover.filled({names.index(slot): index}))

    def _best(self) -> tuple[int, ...] | None:
        """The levels that cover most that is new; of several, those with the rarest phones."""
        options = [self._cover.candidate(skip) for skip in range(CANDIDATES)]
        found = dict.fromkeys(option for option in options if option is not None)
        if len(found) < 2:
            return next(iter(found), None)
        gains = {levels: self._cover.gain(levels) for levels in found}
        best = [levels for levels in found if gains[levels] == max(gains.values())]
        return max(best, key=lambda levels: self.filler.worth(self._values(levels)))

    def _say(self, levels: tuple[int, ...]) -> Sentence | Reject | None:
        """The levels, or others with the same tuple where this template has said those, count as
        covered even where no new sentence has them.
        """
        chosen = self._not_said(levels)
        if chosen is None:
            return None
        self._cover.add(chosen)
        if self._cover.target > 1:
            self._said.add(chosen)
        for _ in range(1 if all(self.filler.listed) else _TRIES):
            if row := self.filler.say(self._values(chosen, drawn=True)):
                return row
        return None

    def _not_said(self, levels: tuple[int, ...]) -> tuple[int, ...] | None:
        if levels not in self._said or not all(self.filler.listed):
            return levels
        others = (other for other in self._cover.others(levels) if other not in self._said)
        found = next(others, None)
        if found is None:
            self._cover.give_up(levels)
        return found

    def _values(self, levels: tuple[int, ...], *, drawn: bool = False) -> tuple[str, ...]:
        """The values at `levels`; those of slots made by rule are empty unless `drawn`."""
        return tuple(
            words[level] if listed else words[int(self._rng.random() * len(words))] if drawn else ""
            for words, listed, level in zip(
                self.filler.vocabularies, self.filler.listed, levels, strict=True
            )
        )


class ConditionSource:
    """A template with conditions: its sentences in random order, those with a new tuple alone."""

    def __init__(
        self,
        name: str,
        template: Template,
        maker: Maker,
        config: CoverageConfig,
        listed: Collection[str],
    ) -> None:
        self._name, self._maker, self._config, self._listed = name, maker, config, listed
        renderings = list(template.all_renderings())
        order = maker.rng(f"{name}|cover").permutation(len(renderings))
        self._left = iter([renderings[index] for index in order.tolist()])
        self._covered: Counter[Group] = Counter()

    def worth(self) -> float:
        return math.inf  # not known; said when it is its turn

    def next_row(self) -> Sentence | Reject | None:
        for rendered in self._left:
            groups = groups_of(rendered.slots, self._listed, self._config.t)
            if all(self._covered[group] >= self._config.at_least for group in groups):
                continue
            intent = self._name.rpartition(":")[0]
            if row := self._maker.make(intent, self._name, rendered.text, rendered.slots):
                self._covered.update(groups)
                return row
        return None


def cover(domain: Domain, maker: Maker, config: CoverageConfig) -> Iterator[Sentence | Reject]:
    """Rows in the order of this file's first lines, until nothing new is left."""
    balance = sound_balance(domain) if config.balance else None
    yield from cover_tuples(domain, maker, config, balance)
    yield from _what_is_left(domain, maker, balance)


def sound_balance(domain: Domain) -> SoundBalance:
    """Counts that start at zero, of the domain's sounds in the accent of its locale."""
    speech = PieceSpeech(domain, accent_of(domain))
    return SoundBalance(speech, possible_sounds(domain, speech))


def cover_tuples(
    domain: Domain, maker: Maker, config: CoverageConfig, balance: SoundBalance | None
) -> Iterator[Sentence | Reject]:
    """Every template, value and tuple; nothing after that."""
    uniforms = uniforms_of(maker.rng(f"{maker.domain}|cover"))
    listed = domain.lexicons
    sources = {
        name: CoverSource(SlotFiller(name, template, maker, listed, balance), config, maker)
        for name, template in domain.named_templates().items()
        if template.pieces is not None
    }
    with_conditions = dict(_with_conditions(domain, maker, config))
    covered: set[tuple[str, str]] = set()
    every: Mapping[str, SoundingSource] = {**sources, **with_conditions}
    for row in _every_template(every, config.at_least):
        if isinstance(row, Sentence):
            covered.update((slot.name, slot.value) for slot in row.slots)
        yield row
    yield from _every_value(sources.values(), listed, covered)
    by_intent: dict[str, list[SoundingSource]] = {}
    for name, source in every.items():
        by_intent.setdefault(name.rpartition(":")[0], []).append(source)
    yield from interleave_by_rarity(list(by_intent.values()), uniforms)


class _Some:
    """The first rows of an iterator, as a source."""

    def __init__(self, rows: Iterator[Sentence | Reject], count: int) -> None:
        self._rows = itertools.islice(rows, count)

    def worth(self) -> float:
        return math.inf

    def next_row(self) -> Sentence | Reject | None:
        return next(self._rows, None)


def _with_conditions(
    domain: Domain, maker: Maker, config: CoverageConfig
) -> Iterator[tuple[str, SoundingSource]]:
    for name, template in domain.named_templates().items():
        if template.pieces is not None:
            continue
        if template.max_renderings <= LISTED_RENDERINGS:
            yield name, ConditionSource(name, template, maker, config, domain.lexicons)
            continue
        intent, _, line = name.rpartition(":")
        drawn = sample({intent: {int(line): template}}, maker, "random", ZipfConfig())
        yield name, _Some(drawn, config.at_least)


def _every_template(
    sources: Mapping[str, SoundingSource], times: int
) -> Iterator[Sentence | Reject]:
    for _ in range(times):
        for source in sources.values():
            yield from _until_sentence(source.next_row() for _ in range(_REJECTS))


def _until_sentence(rows: Iterator[Sentence | Reject | None]) -> Iterator[Sentence | Reject]:
    """Rows up to the first that is a sentence."""
    for row in rows:
        if row:
            yield row
        if isinstance(row, Sentence):
            return


def _every_value(
    sources: Collection[CoverSource], listed: Collection[str], covered: set[tuple[str, str]]
) -> Iterator[Sentence | Reject]:
    """Slot values that no sentence has held yet, over the templates round-robin."""
    users: dict[str, list[tuple[CoverSource, Vocabulary]]] = {}
    for source in sources:
        for words in {words.name: words for words in source.filler.vocabularies}.values():
            if words.name in listed:
                users.setdefault(words.name, []).append((source, words))
    for name, using in users.items():
        tried = 0
        for words in {id(words): words for _, words in using}.values():
            mine = [source for source, other in using if other is words]
            for index, value in enumerate(words):
                if (name, value) in covered:
                    continue
                tried += 1
                tries = (
                    mine[(tried + more) % len(mine)].say_value(name, index)
                    for more in range(_REJECTS)
                )
                for row in _until_sentence(tries):
                    if isinstance(row, Sentence):
                        covered.update((slot.name, slot.value) for slot in row.slots)
                    yield row


def _what_is_left(
    domain: Domain, maker: Maker, balance: SoundBalance | None
) -> Iterator[Sentence | Reject]:
    if balance is None:
        yield from sample(domain.intents, maker, "random", ZipfConfig())
        return
    uniforms = uniforms_of(maker.rng(f"{maker.domain}|balance"))
    values = SlotValues()
    by_intent: dict[str, list[SoundingSource]] = {}
    for name, template in domain.named_templates().items():
        intent, _, line = name.rpartition(":")
        if template.pieces is None or template.max_renderings > MAX_SIZE:
            continue
        rest = functools.partial(PermutedSource, intent, int(line), template, maker, values)
        filler = SlotFiller(name, template, maker, domain.lexicons, balance)
        by_intent.setdefault(intent, []).append(BalancedSource(filler, uniforms, rest))
    yield from interleave_by_rarity(list(by_intent.values()), uniforms)
    yield from sample(domain.intents, maker, "random", ZipfConfig())
