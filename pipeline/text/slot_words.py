"""Slot alignment: for each slot, which words of the transcript say its value.

A value is found in the written text and the text is cut around it. Plain pieces are heard as they
are written, and what is heard between them is the rest. Where that leaves a choice, each piece is
read alone. Read together the pieces may sound otherwise ("March" + "3": "March third"), so their
letters are laid along those of the transcript: a word belongs to the piece it shares most with.
"""

import difflib
import itertools
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from models.phonology.phonemes import words_of
from pipeline.records import Sentence, Slot, WordRange

Read = Callable[[Sequence[str]], list[str]]

_PLAIN = re.compile(r"""[A-Za-z\s'.,;:!?"()-]*""")

# `$5` and `Anna's` are read as one, whichever part of them the slot is.
_GLUED_BEFORE = re.compile(r"[^\W_]*[$€£¥#+]*$")
_GLUED_AFTER = re.compile(r"(?:[^\W_]|['’](?=[^\W_]))*")


def word_ranges(
    sentences: Sequence[Sentence], transcripts: Sequence[str], read: Read
) -> list[tuple[WordRange, ...]]:
    """For each sentence a range of words for each of its slots, in their order.

    `transcripts` are those of the whole sentences, `read` turns written into spoken text. The
    range of a value that says nothing, or that the text does not hold, is empty.
    """
    spans = [slot_spans(sentence.text, sentence.slots) for sentence in sentences]
    return ranges_of_spans([sentence.text for sentence in sentences], spans, transcripts, read)


def ranges_of_spans(
    texts: Sequence[str],
    spans: Sequence[Sequence[tuple[int, int]]],
    transcripts: Sequence[str],
    read: Read,
) -> list[tuple[WordRange, ...]]:
    """For each text the words that its `spans` of characters [start, end) are heard as."""
    cuts = [_cut(text, own) for text, own in zip(texts, spans, strict=True)]
    spoken_words = [transcript.split() for transcript in transcripts]
    owners = [
        _owners_by_plain(cut.pieces, words) for cut, words in zip(cuts, spoken_words, strict=True)
    ]
    unsure = [cut for cut, found in zip(cuts, owners, strict=True) if found is None]
    pieces = list(dict.fromkeys(piece for cut in unsure for piece in cut.pieces))
    spoken = {piece: words_of(text) for piece, text in zip(pieces, read(pieces), strict=True)}
    return [
        _ranges(cut, _owners_by_letters(cut, spoken, words) if found is None else found)
        for cut, words, found in zip(cuts, spoken_words, owners, strict=True)
    ]


class _Cut(NamedTuple):
    """A written text in pieces; a slot is the pieces [first, end)."""

    pieces: list[str]
    slots: list[tuple[int, int]]


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> _Cut:
    if not spans:
        return _Cut([], [])
    cuts = sorted({0, len(text), *(end for span in spans for end in span)})
    pieces = [text[start:end] for start, end in itertools.pairwise(cuts)]
    return _Cut(pieces, [(cuts.index(start), cuts.index(end)) for start, end in spans])


def slot_spans(text: str, slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """Characters [start, end) of each value with what is glued to it; (0, 0): not found.

    Slots stand in the order in which they were drawn, so a value that occurs twice is taken
    where it follows the slot before; one that is part of another's value lies within it.
    """
    spans: list[tuple[int, int]] = []
    last_end = 0
    for slot in slots:
        matches = occurrences(slot.value, text) or re.finditer(
            re.escape(slot.value), text, re.IGNORECASE
        )
        found = [match.span() for match in matches]
        later = [span for span in found if span[0] >= last_end]
        unused = [span for span in found if span not in spans]
        start, end = next(iter([*later, *unused, *found]), (0, 0))
        spans.append((start, end))
        last_end = max(last_end, end)
    return [_with_glued(text, *span) for span in spans]


def every_span(text: str, slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """As `slot_spans`, and wherever else a value stands as words of its own."""
    found = (match.span() for slot in slots for match in occurrences(slot.value, text))
    return [*slot_spans(text, slots), *(_with_glued(text, *span) for span in found)]


def occurrences(value: str, text: str) -> list[re.Match[str]]:
    """Where a value stands as words of its own: not `it` in `city`, nor `5` in `25`; but `5` in
    `5pm`. Whole words come before such parts.
    """
    escaped = re.escape(value)
    alone = list(re.finditer(rf"(?<!\w){escaped}(?!\w)", text, re.IGNORECASE))
    glued = rf"{_no_more_of(value[:1], '<')}{escaped}{_no_more_of(value[-1:], '')}"
    return alone or list(re.finditer(glued, text, re.IGNORECASE))


def _no_more_of(edge: str, behind: str) -> str:
    """No letter beside a letter, no digit beside a digit."""
    kind = r"[^\W\d_]" if edge.isalpha() else r"\d" if edge.isdigit() else ""
    return f"(?{behind}!{kind})" if kind else ""


def _with_glued(text: str, start: int, end: int) -> tuple[int, int]:
    if start == end:
        return start, end
    before, after = _GLUED_BEFORE.search(text[:start]), _GLUED_AFTER.match(text, end)
    assert before is not None  # both match the empty text
    assert after is not None
    return before.start(), after.end()


def _ranges(cut: _Cut, owners: Sequence[int]) -> tuple[WordRange, ...]:
    return tuple(
        WordRange(bisect_left(owners, first), bisect_left(owners, end)) for first, end in cut.slots
    )


def _owners_by_plain(pieces: Sequence[str], words: Sequence[str]) -> list[int] | None:
    """For each word the number of its piece, never falling; None when plain pieces leave doubt."""
    if not pieces:
        return []
    owners: list[int] = []
    waiting: int | None = None  # the piece that is not plain and ends where the next one is heard
    for number, piece in enumerate(pieces):
        if not _PLAIN.fullmatch(piece):
            if waiting is not None:
                return None
            waiting = number
        elif plain_words := words_of(piece):
            start = _only_start(plain_words, words, len(owners), waiting is not None)
            if start is None:
                return None
            owners += [waiting or 0] * (start - len(owners)) + [number] * len(plain_words)
            waiting = None
    if waiting is not None:
        owners += [waiting] * (len(words) - len(owners))
    return owners if len(owners) == len(words) else None


def _only_start(
    plain_words: list[str], words: Sequence[str], start: int, may_be_later: bool
) -> int | None:
    """Where the words `plain_words` stand from `start` on, when there is but one index for them."""
    last = len(words) - len(plain_words) if may_be_later else start
    starts = [
        at for at in range(start, last + 1) if words[at : at + len(plain_words)] == plain_words
    ]
    return starts[0] if len(starts) == 1 else None


def _owners_by_letters(
    cut: _Cut, spoken: Mapping[str, Sequence[str]], words: Sequence[str]
) -> list[int]:
    """As `_owners_by_plain`, from pieces read alone; doubt goes to the pieces of slots."""
    inside = {piece for first, end in cut.slots for piece in range(first, end)}
    votes = _shared_letters([spoken[piece] for piece in cut.pieces], words)
    owners: list[int] = []
    for index in range(len(words)):
        last = owners[-1] if owners else 0
        following = next((max(vote, key=vote.__getitem__) for vote in votes[index:] if vote), last)
        if votes[index] or last not in inside:
            owners.append(max(last, following))
        else:
            owners.append(last)
    return owners


def _shared_letters(pieces: Sequence[Sequence[str]], words: Sequence[str]) -> list[Counter[int]]:
    """For each word, how many of its letters each piece has at the same index."""
    expected = [
        (letter, number)
        for number, piece in enumerate(pieces)
        for word in piece
        for letter in f" {word}"
    ]
    actual = [(letter, index) for index, word in enumerate(words) for letter in f" {word}"]
    matcher = difflib.SequenceMatcher(
        None, [letter for letter, _ in expected], [letter for letter, _ in actual], autojunk=False
    )
    votes: list[Counter[int]] = [Counter() for _ in words]
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            letter, number = expected[block.a + offset]
            if letter != " ":
                votes[actual[block.b + offset][1]][number] += 1
    return votes
