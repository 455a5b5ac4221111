"""Spoken style: fillers, restarts, politeness, contractions, dropped words.

Each kind of change has the probability that a sentence gets one, where it has room for one;
a sentence that got one gets another with the same probability, up to a few. Slot values are
never touched, nor repeated: `Um, set an alarm for, for 7:30 am, please.`
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from pipeline.records import Slot
from pipeline.sentences.drawing.english_words import (
    ARTICLES,
    AUXILIARIES,
    COMMON,
    DETERMINERS,
    OPENERS,
    PREPOSITIONS,
    PRONOUNS,
)
from pipeline.sentences.drawing.politeness import politeness
from pipeline.sentences.drawing.written_words import (
    Edit,
    Word,
    begins_low,
    capitalized,
    holds_slots,
    in_front,
    join_words,
    split_sentence,
    words_of_phrase,
)


@dataclass(frozen=True)
class StyleConfig:
    """Probabilities from 0 (off) to 1.

    `contraction`: I am -> I'm. `politeness`: please, could you, thanks. `dropped_word`: turn on
    light. `restart`: turn on, turn on the light. `filler`: um, uh, er, like, you know.
    """

    contraction: float = 0.0
    politeness: float = 0.0
    dropped_word: float = 0.0
    restart: float = 0.0
    filler: float = 0.0

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if not 0 <= value <= 1:
                raise ValueError(f"{option.name}: from 0 to 1; found {value}")


NO_STYLE = StyleConfig()


class Styled(NamedTuple):
    """A sentence in spoken style, and the kinds of changes made to it, in their order."""

    text: str
    style: tuple[str, ...] = ()


def styled(
    text: str, slots: Sequence[Slot], config: StyleConfig, rng: np.random.Generator
) -> Styled:
    """`text` with the changes that `rng` draws; as it was where slots would no longer be found.

    Every kind draws from a generator of its own, so that switching one on leaves the draws of
    the others as they were.
    """
    words, style = split_sentence(text, slots), []
    if not words or not words[0].core:
        return Styled(text)
    for (kind, (edits, at_most)), own in zip(_KINDS.items(), rng.spawn(len(_KINDS)), strict=True):
        changed = _change(words, edits, at_most, getattr(config, kind), own)
        if changed != words:
            words = changed
            style.append(kind)
    if not style or not holds_slots(words, slots):
        return Styled(text)
    return Styled(join_words(words), tuple(style))


Edits = Callable[[Sequence[Word]], list[Edit]]


def _change(
    words: list[Word], edits: Edits, at_most: int, probability: float, rng: np.random.Generator
) -> list[Word]:
    for _ in range(at_most):
        if not probability or rng.random() >= probability:
            break
        choice = edits(words)
        if not choice:
            break
        words = choice[int(rng.integers(len(choice)))].of(words)
    return words


_NOT = {"can": "can't", "will": "won't"} | {
    verb: f"{verb}n't"
    for verb in (
        "are", "could", "did", "do", "does", "had", "has", "have", "is", "should", "was", "were",
        "would",
    )
}  # fmt: skip
_SHORT = {
    **{(word, "is"): f"{word}'s" for word in (
        "he", "here", "it", "name", "she", "that", "there", "what", "when", "where", "who",
    )},
    **{(word, "are"): f"{word}'re" for word in ("they", "we", "you")},
    **{(word, "will"): f"{word}'ll" for word in ("i", "it", "she", "he", "they", "we", "you")},
    **{(word, "have"): f"{word}'ve" for word in ("i", "they", "we", "you")},
    ("i", "am"): "i'm",
    ("i", "would"): "i'd",
}  # fmt: skip
_BE = ("am", "are", "is")
# What it is, it is not: these ask for what stands behind the verb.
_ASKING = ("as", "how", "than", "what", "where", "which", "who", "whose")
# `Let us in` and `Let us know` are no proposals.
_LET_ASKS = (
    "alone", "back", "by", "down", "have", "in", "into", "know", "off", "out", "pass", "through",
    "up",
)  # fmt: skip
_PARTICIPLES = ("been", "got", "lost", "had", "forgotten")


def contractions(words: Sequence[Word]) -> list[Edit]:
    """`I am` as `I'm`, but not where it ends a phrase, as in `Here I am.`"""
    found = []
    for index, first in enumerate(words):
        short, length = _contracted(words[:index], words[index : index + 3])
        if short:
            core, last = first.core[0] + short[1:], words[index + length - 1]
            found.append(Edit(index, index + length, (Word(core, first.before, last.after),)))
    return found


def _contracted(before: Sequence[Word], words: Sequence[Word]) -> tuple[str, int]:
    """What the first of up to three words are shortened to, and how many of them."""
    first, *rest = words
    if first.in_slot or first.after or first.before:
        return "", 0
    if first.plain == "cannot":
        return "can't", 1
    if not rest or rest[0].in_slot or rest[0].before:
        return "", 0
    second, is_last = rest[0].plain, bool(rest[0].after) or len(rest) == 1
    if second == "not":
        return _NOT.get(first.plain, ""), 2
    if second == "have" and (is_last or rest[1].plain not in _PARTICIPLES):
        return "", 0
    is_last = is_last or (rest[1].plain in PRONOUNS and bool(rest[1].after))  # what is it?
    if is_last or (second in _BE and _asks(before)):
        return "", 0
    if first.plain == "let" and rest[0].core == "us":
        return "let's" if _begins(before) and rest[1].plain not in _LET_ASKS else "", 2
    return _SHORT.get((first.plain, second), ""), 2


def _asks(before: Sequence[Word]) -> bool:
    """Whether a question is asked by the last words: `where` it is, `what time` it is."""
    last = before[-2:]
    return any(word.plain in _ASKING for word in last) and not any(word.after for word in last)


def _begins(before: Sequence[Word]) -> bool:
    """Whether a sentence begins behind these words."""
    return not before or any(mark in before[-1].after for mark in ".?!")


_QUANTITIES = ("bit", "few", "little", "lot")
_NOT_AFTER_I = ("am", "can", "could", "should", "will", "would")


def dropped_words(words: Sequence[Word]) -> list[Edit]:
    """Articles, `I` and `do you` left out, as in `Turn on light.` and `Need new card.`"""
    found = _dropped_start(words)
    for index in range(1, len(words) - 1):
        word, behind = words[index], words[index + 1]
        is_rate = words[index - 1].in_slot and word.plain != "the"  # $5 a week
        is_needed = is_rate or behind.plain in _QUANTITIES or behind.before
        if word.is_bare and word.plain in ARTICLES and not is_needed:
            found.append(Edit(index, index + 1))
    return found


def _dropped_start(words: Sequence[Word]) -> list[Edit]:
    if len(words) < 3 or not words[0].is_bare or words[1].in_slot or words[1].before:
        return []
    first, second = words[0].plain, words[1].plain
    is_dropped = (
        (first in ARTICLES and second not in _QUANTITIES)
        or (first in ("are", "do", "did") and second == "you")
        or (first == "i" and second not in _NOT_AFTER_I)
        or (first == "i've" and second == "been")
    )
    behind = capitalized(words[1]) if words[0].core[0].isupper() else words[1]
    return [Edit(0, 2, (behind,))] if is_dropped else []


_LONGEST_START = 3
_CORRECTIONS = ("", "", "I mean,", "sorry,")
_SAID_TWICE = (PREPOSITIONS | DETERMINERS | {"and", "are", "if", "is", "or"}) - {"that", "this"}
_FIRST_OF_TWO = PREPOSITIONS | {"is"}


def restarts(words: Sequence[Word]) -> list[Edit]:
    """The first words again, or small ones: `Turn on, turn on the light in, in the hall.`"""
    found = _restarted_beginnings(words)
    for index in range(1, len(words) - 1):
        first, second = words[index], words[index + 1]
        is_particle = second.plain in PREPOSITIONS and not second.in_slot  # turned on in the hall
        is_inverted = second.plain in PRONOUNS and not second.in_slot  # what time is it
        is_second = any(word.after for word in words[max(index - 2, 0) : index])
        if first.plain not in _SAID_TWICE or not first.is_bare or is_second:
            continue
        if is_particle or is_inverted:
            continue
        found.append(Edit(index, index, (first.followed_by(","),)))
        is_pair = first.plain in _FIRST_OF_TWO and second.plain in DETERMINERS and second.is_bare
        if is_pair and index + 2 < len(words):
            found.append(Edit(index, index, (first, second.followed_by(","))))
    return found


def _restarted_beginnings(words: Sequence[Word]) -> list[Edit]:
    again = begins_low(words[0])
    if again is None or any(word.after for word in words[: _LONGEST_START + 1]):
        return []
    found = []
    for length in range(1, min(_LONGEST_START, len(words) - 1) + 1):
        start = words[:length]
        if not all(word.is_bare and word.core.replace("'", "").isalpha() for word in start):
            break
        for correction in _CORRECTIONS:
            between = words_of_phrase(correction)
            begun = (*start[:-1], start[-1].followed_by(","))
            found.append(Edit(0, length, (*begun, *between, again, *start[1:])))
    return found


_FILLERS = ("um,", "uh,", "um,", "uh,", "er,")
_BEFORE_THINGS = ("like,", "you know,")
_HESITATED_AFTER = _SAID_TWICE | {"was"}
_NOT_HESITATED_BEFORE = PRONOUNS | {"me", "now"}
_HESITATIONS = frozenset({"um", "uh", "er", "like", "know"})


def fillers(words: Sequence[Word]) -> list[Edit]:
    """`Um, set an alarm.`, `Set an, uh, alarm for, you know, 7:30 am.`; not behind a slot."""
    found = [edit for phrase in _FILLERS for edit in in_front(phrase, words)]
    for index in range(1, len(words)):
        left, right = words[index - 1], words[index]
        if not _may_hesitate(left, right, is_first=index == 1):
            continue
        stopped = left if left.after else left.followed_by(",")
        before_things = _BEFORE_THINGS if _begins_a_thing(words[index : index + 2]) else ()
        for phrase in (*_FILLERS, *before_things):
            found.append(Edit(index - 1, index, (stopped, *words_of_phrase(phrase))))
    return found


def _begins_a_thing(words: Sequence[Word]) -> bool:
    """Whether the slot here is a common noun, an amount or a number with its unit."""
    if not words[0].in_slot:
        return False
    has_unit = len(words) > 1 and words[1].in_slot and words[1].core.isalpha()
    first = words[0].core
    is_amount = first[:1] in ("$", "€", "£") or (first[:1].isdigit() and has_unit)
    return is_amount or (first.isalpha() and first.islower())


def _may_hesitate(left: Word, right: Word, is_first: bool) -> bool:
    if left.in_slot or left.before or left.after not in ("", ",", ":"):
        return False
    if left.plain in _HESITATIONS or right.plain in _HESITATIONS:
        return False
    if right.in_slot:
        # `extension 204` is read digit by digit, `extension, um, 204` would not be.
        return left.plain in COMMON - OPENERS or not right.core[:1].isdigit()
    if right.plain in _NOT_HESITATED_BEFORE or (is_first and left.plain in AUXILIARIES):
        return False
    return left.plain in _HESITATED_AFTER


_KINDS: Mapping[str, tuple[Edits, int]] = {
    "contraction": (contractions, 4),
    "politeness": (politeness, 1),
    "dropped_word": (dropped_words, 3),
    "restart": (restarts, 2),
    "filler": (fillers, 2),
}
