"""Inline markup: `I [read](/ɹˈɛd/) it.` or `[read](past)` says how a word is pronounced,
`Stop. <break 300ms> Go.` how long a pause is, `I [never](emphasis) said so.` what is stressed.

The markup is taken out where sentences are made: their text, slots and transcript never show it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from models.errors import DataError
from models.phonology.ipa import alphabet_of, transcribed
from models.phonology.phonemes import PAUSE, join_words, split_words, words_of
from pipeline.records import Break, Emphasis, InlinePronunciation, Pause, Sentence, WordRange
from pipeline.text.heteronyms import PARTS_OF_SPEECH, check_heteronym, said_as
from pipeline.text.pronunciations import parted
from pipeline.text.slot_words import Read, ranges_of_spans

_EMPHASIS = "emphasis"
_MARKED = re.compile(
    rf"\[([^\[\]]+)\]\((?:/([^/]*)/|({'|'.join(PARTS_OF_SPEECH)}|{_EMPHASIS}))\)|\s*<break\s+([^<>]*)>"
)
_BEGINS_APART = re.compile(r"[\s.,;:!?)\]”’]|<break\b")
_LENGTH = re.compile(r"(\d{1,4})ms|(\d(?:\.\d{1,3})?)s")
_SHORTEST_S, _LONGEST_S = 0.05, 5.0


class Unmarked(NamedTuple):
    """A text without markup, and what was marked in it."""

    text: str
    pronunciations: tuple[InlinePronunciation, ...]
    breaks: tuple[Break, ...]
    emphases: tuple[Emphasis, ...] = ()


def unmarked(text: str) -> Unmarked:
    """Raises `DataError` naming the markup and what is wrong with it."""
    if "](" not in text and "<break" not in text:
        return Unmarked(text, (), ())
    plain, end = "", 0
    pronunciations, breaks = list[InlinePronunciation](), list[Break]()
    emphases = list[Emphasis]()
    for match in _MARKED.finditer(text):
        written, pronounced, part, length = match.groups()
        plain, end = plain + text[end : match.start()], match.end()
        if written is None:
            breaks.append(Break(len(plain), _seconds(match[0].strip(), length)))
            plain += _space_of(match[0], plain, text[end:])
            continue
        if part == _EMPHASIS:
            if not words_of(written):
                raise DataError(f"{match[0]}: a word is needed")
            emphases.append(Emphasis(len(plain), len(plain) + len(written)))
            plain += written
            continue
        phones = () if part else _phones(match[0], written, pronounced)
        if part and len(words_of(written)) != 1:
            raise DataError(f"{match[0]}: one word is needed")
        start, plain = len(plain), plain + written
        pronunciations.append(InlinePronunciation(start, len(plain), phones, part or ""))
    return Unmarked(plain + text[end:], tuple(pronunciations), tuple(breaks), tuple(emphases))


def plain_text(text: str) -> str | None:
    """Without markup; None where the markup is wrong."""
    try:
        return unmarked(text).text
    except DataError:
        return None


def _space_of(markup: str, before: str, behind: str) -> str:
    """What a break leaves between the texts around it, where only signs stand without a space."""
    inside = before[-1:].isalnum() and behind[:1].isalnum() and not markup[0].isspace()
    if inside or not (words_of(before) and words_of(behind)):
        raise DataError(f"{markup.strip()}: a break stands between words")
    return "" if _BEGINS_APART.match(behind) else " "


def _phones(markup: str, written: str, pronounced: str) -> tuple[str, ...]:
    try:
        phones = transcribed(pronounced, alphabet_of(pronounced))
    except DataError as error:
        raise DataError(f"{markup}: {error}") from None
    if not words_of(written) or len(phones) < len(words_of(written)):
        raise DataError(f"{markup}: a word, with a phoneme or more each, is needed")
    return phones


def _seconds(markup: str, written: str) -> float:
    found = _LENGTH.fullmatch(written.strip())
    seconds = 0.0
    if found:
        seconds = int(found[1]) / 1000 if found[1] else float(found[2])
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise DataError(f"{markup}: a length such as 300ms or 1.5s, from 50ms to 5s, is needed")
    return seconds


def pronounced_words(
    sentences: Sequence[Sentence], transcripts: Sequence[str], read: Read
) -> list[tuple[WordRange, ...]]:
    """Which words of each transcript each of the sentence's pronunciations is of."""
    spans = [[(one.start, one.end) for one in sentence.pronunciations] for sentence in sentences]
    return ranges_of_spans([sentence.text for sentence in sentences], spans, transcripts, read)


def emphasized_words(
    sentences: Sequence[Sentence], transcripts: Sequence[str], read: Read
) -> list[tuple[WordRange, ...]]:
    """Which words of each transcript are to be said with emphasis."""
    spans = [[(one.start, one.end) for one in sentence.emphases] for sentence in sentences]
    return ranges_of_spans([sentence.text for sentence in sentences], spans, transcripts, read)


def pauses_of(
    sentences: Sequence[Sentence], transcripts: Sequence[str], read: Read
) -> list[tuple[Pause, ...]]:
    """The words of each transcript behind which its sentence has breaks, and how long they are."""
    spans = [[(0, one.at) for one in sentence.breaks] for sentence in sentences]
    texts = [sentence.text for sentence in sentences]
    return [
        tuple(
            Pause(words.end_word, one.seconds)
            for one, words in zip(sentence.breaks, before, strict=True)
        )
        for sentence, before in zip(
            sentences, ranges_of_spans(texts, spans, transcripts, read), strict=True
        )
    ]


def with_pauses(phonemes: str, pauses: Sequence[Pause]) -> str:
    """The phoneme string with a pause where a break is asked for."""
    if not pauses:
        return phonemes
    phones, boundaries = split_words(phonemes)
    for pause in pauses:
        if 0 < pause.words_before < len(boundaries):
            boundaries[pause.words_before - 1] = PAUSE
    return join_words(phones, boundaries)


def check_heteronyms(text: str, pronunciations: Sequence[InlinePronunciation]) -> None:
    """Raise `DataError` for a word of `text` that no part of speech tells how to say."""
    for one in pronunciations:
        if one.part_of_speech:
            check_heteronym(text[one.start : one.end])


def pronounce_inline(
    phonemes: str, sentence: Sentence, words: Sequence[WordRange], accent: str
) -> str:
    """The phoneme string with the phones that were asked for in the place of its own; those of a
    part of speech are of the `accent`, one of espeak-ng's.
    """
    pronunciations = sentence.pronunciations
    if not pronunciations:
        return phonemes
    phones, boundaries = split_words(phonemes)
    for one, at in zip(pronunciations, words, strict=True):
        own = slice(at.first_word, at.end_word)
        if one.part_of_speech and at.end_word == at.first_word + 1:
            word = sentence.text[one.start : one.end]
            phones[own] = [list(said_as(word, one.part_of_speech, accent))]
        elif at.end_word > at.first_word and one.phones:
            phones[own] = parted(one.phones, phones[own])
    return join_words(phones, boundaries)
