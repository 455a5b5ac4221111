"""Near-duplicate sentences, by the share of words in common.

A sentence is the set of its words and of its pairs of neighbouring words, lower case and without
punctuation; the likeness of two is what both hold over what either holds (Jaccard's index):
1 for the same words in the same order, about 0.8 for one word more in a sentence of ten.
"""

import math
from collections import defaultdict
from itertools import pairwise

from models.phonology.phonemes import words_of


class NearDuplicates:
    """Remembers texts, and finds the one that another is like: exactly, without comparing all.

    Two sets that are alike share one of the first few phrases of each, in any order that is the
    same for all; the longest words come first, because the fewest texts hold them.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._texts: list[tuple[str, frozenset[str]]] = []
        self._indices: dict[str, list[int]] = defaultdict(list)

    def find(self, text: str) -> str | None:
        """The earliest text whose likeness to `text` is the threshold or above."""
        phrases = phrases_of(text)
        met = [self._indices.get(phrase, []) for phrase in self._first_few(phrases)]
        for index in sorted({index for indices in met for index in indices}):
            earlier, others = self._texts[index]
            if likeness(phrases, others) >= self._threshold:
                return earlier
        return None

    def add(self, text: str) -> None:
        phrases = phrases_of(text)
        for phrase in self._first_few(phrases):
            self._indices[phrase].append(len(self._texts))
        self._texts.append((text, phrases))

    def _first_few(self, phrases: frozenset[str]) -> list[str]:
        needed = math.ceil(self._threshold * len(phrases) - 1e-9)
        ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
        return ordered[: len(phrases) - max(needed, 1) + 1]


def phrases_of(text: str) -> frozenset[str]:
    """The words of a text and its pairs of neighbours; signs, where it has no word."""
    words = words_of(text) or [text]
    return frozenset(words) | {f"{one} {two}" for one, two in pairwise(words)}


def likeness(one: frozenset[str], two: frozenset[str]) -> float:
    """What both hold over what either holds, 0 to 1; neither may be empty."""
    return len(one & two) / len(one | two)
