"""Near phrases: candidates of each kind of near miss, in an order drawn by a seed.

What is given here is near by the lexicon alone; `pipeline/sentences/negatives/negatives.py`
measures every text as it is spoken, and drops what comes too near to a phrase.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np

from pipeline.sentences.negatives.near_words import NearWords, Sounds

T = TypeVar("T")
Kind = Literal["substitution", "regrouping", "continuation", "partial", "order"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_MISSES_BEFORE_STOP = 200
_FEWEST_SOUNDS = 2  # of a word that stands for a part of a phrase
_LONGEST_PERMUTED = 4  # words


@dataclass(frozen=True)
class Phrase:
    """What near misses are made of: its words, and of each of them its pronunciations.

    The first of a word's pronunciations is the one that is spoken; `written` is as configured.
    """

    written: str
    words: tuple[str, ...]
    pronunciations: tuple[tuple[Sounds, ...], ...]

    @property
    def sounds(self) -> Sounds:
        """As spoken, without the words' boundaries."""
        return tuple(sound for ways in self.pronunciations for sound in ways[0])


@dataclass(frozen=True)
class Search:
    """Near misses of one phrase; `most` edits are allowed where a kind is bounded by distance."""

    phrase: Phrase
    near: NearWords
    rng: np.random.Generator
    most: int

    def texts(self, kind: Kind) -> Iterator[str]:
        """Near misses of one kind; texts may repeat. Different numbers of edits are interleaved, so
        that the nearest are not lost among the many that are less near.
        """
        makers: Mapping[Kind, Callable[[], Iterable[Sequence[str]]]] = {
            "substitution": self._substitutions,
            "regrouping": self._regroupings,
            "continuation": self._continuations,
            "partial": self._partials,
            "order": self._reorderings,
        }
        return (" ".join(words) for words in makers[kind]())

    def _substitutions(self) -> Iterator[Sequence[str]]:
        """One word replaced by a word near to it; when all of these are given, two words."""
        near = [self._near_to_word(ways) for ways in self.phrase.pronunciations]
        for position, word in _interleaved(
            self._level(near, edits) for edits in range(1, self.most + 1)
        ):
            yield self._replaced({position: word})
        if len(self.phrase.words) > 1:
            yield from self._drawn(lambda: self._two_replaced(near))

    def _near_to_word(self, ways: tuple[Sounds, ...]) -> Mapping[int, tuple[str, ...]]:
        """Up to half of a word's sounds may differ, and at least one does."""
        most = min(self.most, -(-len(ways[0]) // 2))
        by_edits = self.near.near(ways, most)
        return {edits: words for edits, words in by_edits.items() if edits}

    def _level(
        self, near: Sequence[Mapping[int, tuple[str, ...]]], edits: int
    ) -> Iterator[tuple[int, str]]:
        """Every (position, word) that is so many edits away, the positions interleaved."""
        return _interleaved(
            [(position, word) for word in self.near.shuffled(self.rng, by_edits[edits])]
            for position, by_edits in enumerate(near)
            if edits in by_edits
        )

    def _two_replaced(self, near: Sequence[Mapping[int, tuple[str, ...]]]) -> Sequence[str] | None:
        first, second = self.rng.choice(len(near), size=2, replace=False).tolist()
        edits = [(a, b) for a in near[first] for b in near[second] if a + b <= self.most]
        if not edits:
            return None
        few, many = self._pick(edits)
        words = {first: near[first][few], second: near[second][many]}
        return self._replaced(
            {position: self._pick_common(near) for position, near in words.items()}
        )

    def _replaced(self, words: Mapping[int, str]) -> Sequence[str]:
        return [words.get(position, word) for position, word in enumerate(self.phrase.words)]

    def _regroupings(self) -> Iterator[Sequence[str]]:
        """The phrase's phones as other words, with other word boundaries: `come pewter` for
        `computer`.
        """
        num_words = len(self.phrase.words)
        counts = [count for count in range(num_words - 1, num_words + 2) if count > 0]
        return self._drawn(lambda: self._regrouped(self._pick(counts)))

    def _regrouped(self, num_words: int) -> Sequence[str] | None:
        """The phones cut at random, and each part replaced by a word at most an edit away."""
        sounds, cuts = self.phrase.sounds, self._cuts(num_words)
        own = itertools.accumulate(len(ways[0]) for ways in self.phrase.pronunciations)
        if cuts is None or cuts[1:] == tuple(own):
            return None
        words = []
        for start, end in itertools.pairwise(cuts):
            by_edits = self.near.near([sounds[start:end]], 1)
            if not by_edits:
                return None
            words.append(self._pick_common(self._pick(list(by_edits.values()))))
        return words

    def _cuts(self, num_words: int) -> tuple[int, ...] | None:
        """0, where the parts end, and the end; None where the sounds are too few."""
        num_sounds = len(self.phrase.sounds)
        spare = num_sounds - _FEWEST_SOUNDS * num_words
        if spare < 0:
            return None
        drawn = sorted(self.rng.integers(spare + 1, size=num_words - 1).tolist())
        ends = (position + _FEWEST_SOUNDS * part for part, position in enumerate(drawn, start=1))
        return (0, *ends, num_sounds)

    def _continuations(self) -> Iterator[Sequence[str]]:
        """The phrase's beginning, then another word than its next."""
        words, others = self.phrase.words, self.near.words
        ends = range(1, len(words))
        if not ends:
            return iter(())
        return self._drawn(lambda: (*words[: self._pick(ends)], self._pick_common(others)))

    def _partials(self) -> Iterator[Sequence[str]]:
        """A part of the phrase: some of its words, the last or first of them perhaps cut short."""
        words = self.phrase.words
        spans = itertools.combinations(range(len(words) + 1), 2)
        parts = [words[start:end] for start, end in spans if end - start < len(words)]
        for position, ways in enumerate(self.phrase.pronunciations):
            for sounds in ways:
                for cut in range(_FEWEST_SOUNDS, len(sounds) - _FEWEST_SOUNDS + 1):
                    begun, ended = (
                        self.near.words_sounding(sounds[:cut]),
                        self.near.words_sounding(sounds[cut:]),
                    )
                    parts += [(*words[:position], word) for word in begun]
                    parts += [(word, *words[position + 1 :]) for word in ended]
        return iter(self._shuffled(parts))

    def _reorderings(self) -> Iterator[Sequence[str]]:
        """The phrase's words in another order; of a long phrase, two of them change places."""
        words = self.phrase.words
        if len(words) <= _LONGEST_PERMUTED:
            orders = list(itertools.permutations(words))
        else:
            pairs = itertools.combinations(range(len(words)), 2)
            orders = [self._swapped(*pair) for pair in pairs]
        return (order for order in self._shuffled(orders) if order != words)

    def _swapped(self, first: int, second: int) -> tuple[str, ...]:
        words = list(self.phrase.words)
        words[first], words[second] = words[second], words[first]
        return tuple(words)

    def _drawn(self, draw: Callable[[], Sequence[str] | None]) -> Iterator[Sequence[str]]:
        """The results of `draw`, until many in a row are nothing new."""
        given: set[tuple[str, ...]] = set()
        misses = 0
        while misses < _MISSES_BEFORE_STOP:
            words = draw()
            misses += 1
            if words is not None and tuple(words) not in given:
                misses = 0
                given.add(tuple(words))
                yield words

    def _pick(self, items: Sequence[T]) -> T:
        return items[int(self.rng.integers(len(items)))]

    def _pick_common(self, words: Sequence[str]) -> str:
        """One of `words` of the lexicon, of which those at the beginning come more often."""
        return words[int(self.rng.random() ** 2 * len(words))]

    def _shuffled(self, items: Sequence[T]) -> list[T]:
        return [items[position] for position in self.rng.permutation(len(items))]


def _interleaved(lists: Iterable[Iterable[T]]) -> Iterator[T]:
    """One of each, again and again, until all are at their end."""
    left = [iter(items) for items in lists]
    while left:
        for items in tuple(left):
            try:
                yield next(items)
            except StopIteration:
                left.remove(items)
