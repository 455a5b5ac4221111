"""Phonetic distance between texts and phrases.

A text may be said in several ways: in each accent (a foreign one at its full strength) as espeak-ng
and the user's own words have it, and as the pronouncing lexicon has it, where a word may have more
pronunciations than one. It is as far from a phrase as in the way in which it is nearest.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.phonology.foreign_accents import parse_accent, speak_as
from models.phonology.phonemes import Phonemizer, join_words, split_words, words_of
from models.recognition.edit_distance import distance_inside, edit_distance
from pipeline.sentences.negatives.near_words import NearWords, Sounds, sounds_of
from pipeline.text.pronunciations import Lexicon

_LEXICON = "lexicon"
_MOST_WAYS = 8  # that the lexicon's variants of the words are combined in
Ways = Mapping[str, tuple[Sounds, ...]]  # by accent, or `lexicon`: each is compared with its like
WordWays = tuple[tuple[Sounds, ...], ...]  # of each word, its pronunciations


class Speech:
    """Says texts in every way. `own` wins over espeak-ng and over the lexicon."""

    def __init__(self, near: NearWords, own: Lexicon, accents: Sequence[str]) -> None:
        self._near, self._own = near, own
        self._accents = {name: parse_accent(name) for name in accents}

    def ways(self, texts: Sequence[str]) -> list[Ways]:
        """Of each text, all ways. Raises `DataError` naming a word that cannot be said."""
        spoken = self._spoken(texts)
        return [
            {accent: (tuple(itertools.chain(*said[index])),) for accent, said in spoken.items()}
            | {_LEXICON: self._by_lexicon(text, next(iter(spoken.values()))[index])}
            for index, text in enumerate(texts)
        ]

    def word_ways(self, texts: Sequence[str]) -> list[WordWays]:
        """Of each word of each text, how it is said there, and how else it may be said."""
        spoken = self._spoken(texts)
        return [
            tuple(
                self._every_way(word, [said[index][position] for said in spoken.values()])
                for position, word in enumerate(words_of(text))
            )
            for index, text in enumerate(texts)
        ]

    def _every_way(self, word: str, spoken: Sequence[Sounds]) -> tuple[Sounds, ...]:
        listed = () if (word,) in self._own.entries else self._near.said.get(word, ())
        return tuple(dict.fromkeys([*spoken, *listed]))

    def _spoken(self, texts: Sequence[str]) -> dict[str, list[list[Sounds]]]:
        """By accent, the sounds of the words of each text."""
        spoken: dict[str, list[list[Sounds]]] = {}
        for name, accent in self._accents.items():
            spoken[name] = []
            for text, said in zip(texts, Phonemizer(accent.native).phonemize(texts), strict=True):
                phones, boundaries = split_words(said)
                self._own.pronounce(words_of(text), phones)
                heard = split_words(speak_as(join_words(phones, boundaries), accent))[0]
                spoken[name].append([sounds_of(word) for word in heard])
        return spoken

    def _by_lexicon(self, text: str, spoken: Sequence[Sounds]) -> tuple[Sounds, ...]:
        words = words_of(text)
        listed = [
            (said,) if (word,) in self._own.entries else self._near.said.get(word, (said,))
            for word, said in zip(words, spoken, strict=True)
        ]
        combined = itertools.islice(itertools.product(*listed), _MOST_WAYS)
        return tuple(tuple(itertools.chain(*way)) for way in combined)


class Distances:
    """Distances to phrases, as shares of the phrase's sounds.

    `phrases` are the ways in which each is said. Most phrases share so few sounds with a text
    that they cannot be near to it; only the others are looked at one by one.
    """

    def __init__(self, phrases: Sequence[Ways]) -> None:
        self._phrases = phrases
        sounds = {s for ways in phrases for said in ways.values() for way in said for s in way}
        self._numbers = {sound: number for number, sound in enumerate(sorted(sounds))}
        self._listed = {
            manner: [way for ways in phrases for way in ways[manner]] for manner in phrases[0]
        }
        self._counts = {
            manner: np.array([self._counted(way) for way in listed])
            for manner, listed in self._listed.items()
        }  # (B, sounds)
        self._lengths = {manner: counts.sum(axis=1) for manner, counts in self._counts.items()}

    def to_phrase(self, ways: Ways, phrase: int) -> float:
        """From the phrase of this number to the whole text."""
        return min(
            edit_distance(said, meant) / len(meant)
            for manner, meant_ways in self._phrases[phrase].items()
            for said, meant in itertools.product(ways[manner], meant_ways)
        )

    def any_inside(self, ways: Ways, below: float) -> bool:
        """Whether some stretch of the text is nearer than `below` to any phrase."""
        return any(
            distance_inside(said, meant) < below * len(meant)
            for manner, said_ways in ways.items()
            for said in said_ways
            for meant in self._perhaps_inside(manner, said, below)
        )

    def _perhaps_inside(self, manner: str, said: Sounds, below: float) -> Iterator[Sounds]:
        """A sound of the phrase that the text lacks is an edit at least."""
        counts, lengths = self._counts[manner], self._lengths[manner]
        edits = lengths - np.minimum(counts, self._counted(said)).sum(axis=1)
        listed = self._listed[manner]
        for row in np.flatnonzero(edits < below * lengths):
            yield listed[row]

    def _counted(self, sounds: Sounds) -> np.ndarray:
        counts = np.zeros(len(self._numbers), dtype=np.int16)
        for sound in sounds:
            if sound in self._numbers:
                counts[self._numbers[sound]] += 1
        return counts
