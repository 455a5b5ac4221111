"""A written sentence as its words and the signs around them, with the words of slots marked.

What changes a sentence works on these, so that a slot's value is never touched.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pipeline.records import Slot
from pipeline.sentences.drawing.english_words import ALWAYS_HIGH, COMMON
from pipeline.text.slot_words import every_span

_TOKEN = re.compile(r"\S+")
_SIGNS_BEFORE = re.compile(r"""["'“‘(\[–—-]*""")
_SIGNS_AFTER = re.compile(r"""[.,;:!?"'”’)\]–—-]*$""")
_ABBREVIATION = re.compile(r"(?:[A-Za-z]\.){2,}")  # a.m., U.S.


@dataclass(frozen=True, slots=True)
class Word:
    """What stands between two spaces: `before` and `after` are signs around the `core`.

    The core of a word that has a part of a slot's value in it holds all of that part.
    """

    core: str
    before: str = ""
    after: str = ""
    in_slot: bool = False

    @property
    def plain(self) -> str:
        """In lower case, without its signs."""
        return self.core.lower().replace("’", "'")

    @property
    def is_bare(self) -> bool:
        """Neither signs nor a slot."""
        return not (self.before or self.after or self.in_slot)

    def followed_by(self, signs: str) -> "Word":
        return replace(self, after=signs)


class Edit(NamedTuple):
    """`words` take the place of the words [first, end)."""

    first: int
    end: int
    words: tuple[Word, ...] = ()

    def of(self, words: Sequence[Word]) -> list[Word]:
        """The sentence `words`, changed."""
        return [*words[: self.first], *self.words, *words[self.end :]]


def split_sentence(text: str, slots: Sequence[Slot]) -> list[Word]:
    """The words of `text`; `join_words` makes it again where spaces stand alone."""
    spans = [span for span in every_span(text, slots) if span[0] < span[1]]
    return [_word(text, *token.span(), spans) for token in _TOKEN.finditer(text)]


def join_words(words: Iterable[Word]) -> str:
    """The text that `words` are."""
    return " ".join(f"{word.before}{word.core}{word.after}" for word in words)


def holds_slots(words: Sequence[Word], slots: Sequence[Slot]) -> bool:
    """Whether the slots are still found where they are, and not in words that came to it."""
    found = split_sentence(join_words(words), slots)
    return [word.in_slot for word in found] == [word.in_slot for word in words]


def capitalized(word: Word) -> Word:
    """With its first letter in upper case, all else as it is."""
    return replace(word, core=word.core[:1].upper() + word.core[1:])


def begins_low(word: Word) -> Word | None:
    """The first word of a sentence as it is written when others come before it.

    None where that is not known: it may be a name.
    """
    if word.core[:1] == word.core[:1].lower() or word.core in ALWAYS_HIGH:
        return word
    if word.in_slot:
        return word if word.core.isupper() else None
    return replace(word, core=word.plain) if word.plain in COMMON else None


def words_of_phrase(phrase: str) -> tuple[Word, ...]:
    """`"you know,"` as words, each with its signs."""
    return tuple(split_sentence(phrase, ()))


def in_front(phrase: str, words: Sequence[Word]) -> list[Edit]:
    """`phrase` before the first word; nothing where that word may not be written low."""
    low = begins_low(words[0])
    if low is None or words[0].before:
        return []
    first, *others = words_of_phrase(phrase)
    begins_high = not words[0].core[0].islower()
    return [Edit(0, 1, (capitalized(first) if begins_high else first, *others, low))]


def _word(text: str, start: int, end: int, spans: Iterable[tuple[int, int]]) -> Word:
    inside = [span for span in spans if span[0] < end and span[1] > start]
    token = text[start:end]
    first = min([_end_of_signs_before(token), *(max(low - start, 0) for low, _ in inside)])
    last = max([_start_of_signs_after(token), *(min(high, end) - start for _, high in inside)])
    last = max(first, last)
    return Word(token[first:last], token[:first], token[last:], bool(inside))


def _end_of_signs_before(token: str) -> int:
    signs = _SIGNS_BEFORE.match(token)
    return signs.end() if signs else 0


def _start_of_signs_after(token: str) -> int:
    if abbreviation := _ABBREVIATION.match(token):
        return abbreviation.end()
    signs = _SIGNS_AFTER.search(token)
    return signs.start() if signs else len(token)
