"""Inline pronunciations: `I [read](/ɹˈɛd/) it.` says how the word is pronounced.

The markup is taken out where sentences are made: their text, slots and transcript never show it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from models.errors import DataError
from models.phonology.ipa import alphabet_of, transcribed
from models.phonology.phonemes import join_words, split_words, words_of
from pipeline.records import InlinePronunciation, Sentence, WordRange
from pipeline.text.pronunciations import parted
from pipeline.text.slot_words import Read, ranges_of_spans

_MARKED = re.compile(r"\[([^\[\]]+)\]\(/([^/]*)/\)")


class Unmarked(NamedTuple):
    """A text without markup, and what was marked in it."""

    text: str
    pronunciations: tuple[InlinePronunciation, ...]


def unmarked(text: str) -> Unmarked:
    """Raises `DataError` naming what is marked and the symbol that is not known."""
    if "](/" not in text:
        return Unmarked(text, ())
    plain, found, end = "", list[InlinePronunciation](), 0
    for match in _MARKED.finditer(text):
        written, pronounced = match.groups()
        plain += text[end : match.start()]
        try:
            phones = transcribed(pronounced, alphabet_of(pronounced))
        except DataError as error:
            raise DataError(f"{match[0]}: {error}") from None
        if not words_of(written) or len(phones) < len(words_of(written)):
            raise DataError(f"{match[0]}: a word, with a phoneme or more each, is needed")
        found.append(InlinePronunciation(len(plain), len(plain) + len(written), phones))
        plain, end = plain + written, match.end()
    return Unmarked(plain + text[end:], tuple(found))


def pronounced_words(
    sentences: Sequence[Sentence], transcripts: Sequence[str], read: Read
) -> list[tuple[WordRange, ...]]:
    """Which words of each transcript each of the sentence's pronunciations is of."""
    spans = [[(one.start, one.end) for one in sentence.pronunciations] for sentence in sentences]
    return ranges_of_spans([sentence.text for sentence in sentences], spans, transcripts, read)


def pronounce_inline(
    phonemes: str, pronunciations: Sequence[InlinePronunciation], words: Sequence[WordRange]
) -> str:
    """The phoneme string with the phones that were asked for in the place of its own."""
    if not pronunciations:
        return phonemes
    phones, boundaries = split_words(phonemes)
    for one, at in zip(pronunciations, words, strict=True):
        own = slice(at.first_word, at.end_word)
        if at.end_word > at.first_word:
            phones[own] = parted(one.phones, phones[own])
    return join_words(phones, boundaries)
