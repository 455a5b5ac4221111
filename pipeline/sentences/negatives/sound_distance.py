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
        """All pronunciations of each text. Raises `DataError` naming a word that has none."""
        spoken = self._spoken(texts)
        return [
            {
                accent: (tuple(itertools.chain(*pronounced[index])),)
                for accent, pronounced in spoken.items()
            }
            | {_LEXICON: self._by_lexicon(text, next(iter(spoken.values()))[index])}
            for index, text in enumerate(texts)
        ]

    def word_ways(self, texts: Sequence[str]) -> list[WordWays]:
        """The pronunciations of each word of each text, that of its context first."""
        spoken = self._spoken(texts)
        return [
            tuple(
                self._every_way(
                    word, [pronounced[index][position] for pronounced in spoken.values()]
                )
                for position, word in enumerate(words_of(text))
            )
            for index, text in enumerate(texts)
        ]

    def _every_way(self, word: str, spoken: Sequence[Sounds]) -> tuple[Sounds, ...]:
        listed = () if (word,) in self._own.entries else self._near.pronounced.get(word, ())
        return tuple(dict.fromkeys([*spoken, *listed]))

    def _spoken(self, texts: Sequence[str]) -> dict[str, list[list[Sounds]]]:
        """By accent, the sounds of the words of each text."""
        spoken: dict[str, list[list[Sounds]]] = {}
        for name, accent in self._accents.items():
            spoken[name] = []
            for text, pronounced in zip(
                texts, Phonemizer(accent.native).phonemize(texts), strict=True
            ):
                phones, boundaries = split_words(pronounced)
                self._own.pronounce(words_of(text), phones)
                accented = split_words(speak_as(join_words(phones, boundaries), accent))[0]
                spoken[name].append([sounds_of(word) for word in accented])
        return spoken

    def _by_lexicon(self, text: str, spoken: Sequence[Sounds]) -> tuple[Sounds, ...]:
        words = words_of(text)
        listed = [
            (pronounced,)
            if (word,) in self._own.entries
            else self._near.pronounced.get(word, (pronounced,))
            for word, pronounced in zip(words, spoken, strict=True)
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
        sounds = {
            s for ways in phrases for pronounced in ways.values() for way in pronounced for s in way
        }
        self._numbers = {sound: number for number, sound in enumerate(sorted(sounds))}
        self._listed = {
            accent_name: [way for ways in phrases for way in ways[accent_name]]
            for accent_name in phrases[0]
        }
        self._counts = {
            accent_name: np.array([self._counted(way) for way in listed])
            for accent_name, listed in self._listed.items()
        }  # (B, sounds)
        self._lengths = {
            accent_name: counts.sum(axis=1) for accent_name, counts in self._counts.items()
        }

    def to_phrase(self, ways: Ways, phrase: int) -> float:
        """From the phrase of this number to the whole text."""
        return min(
            edit_distance(pronounced, meant) / len(meant)
            for accent_name, meant_ways in self._phrases[phrase].items()
            for pronounced, meant in itertools.product(ways[accent_name], meant_ways)
        )

    def any_inside(self, ways: Ways, below: float) -> bool:
        """Whether some stretch of the text is nearer than `below` to any phrase."""
        return any(
            distance_inside(pronounced, meant) < below * len(meant)
            for accent_name, own_ways in ways.items()
            for pronounced in own_ways
            for meant in self._perhaps_inside(accent_name, pronounced, below)
        )

    def _perhaps_inside(
        self, accent_name: str, pronounced: Sounds, below: float
    ) -> Iterator[Sounds]:
        """A sound of the phrase that the text lacks is an edit at least."""
        counts, lengths = self._counts[accent_name], self._lengths[accent_name]
        edits = lengths - np.minimum(counts, self._counted(pronounced)).sum(axis=1)
        listed = self._listed[accent_name]
        for row in np.flatnonzero(edits < below * lengths):
            yield listed[row]

    def _counted(self, sounds: Sounds) -> np.ndarray:
        counts = np.zeros(len(self._numbers), dtype=np.int16)
        for sound in sounds:
            if sound in self._numbers:
                counts[self._numbers[sound]] += 1
        return counts
