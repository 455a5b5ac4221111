"""Politeness phrases: please, could you, excuse me, thanks, by kind of sentence."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.sentences.drawing.english_words import (
    AUXILIARIES,
    COMMANDS,
    PREPOSITIONS,
    PRONOUNS,
    QUESTION_WORDS,
)
from pipeline.sentences.drawing.written_words import Edit, Word, begins_low, in_front

_POLITE_ALREADY = frozenset({"excuse", "please", "sorry", "thank", "thanks"})
_THANKS = ("thanks", "thank you")
_OPENINGS = ("excuse me,", "sorry,")
_REQUESTS = ("could you", "can you", "would you", "could you please")
_ASKED_OF_YOU = ("can", "could", "will", "would")
_WANTS = (("i", "need"), ("i", "want"), ("i'd", "like"))
_FINITE = AUXILIARIES | frozenset({"ends", "expires", "meant", "runs", "said", "says", "starts"})


def politeness(words: Sequence[Word]) -> list[Edit]:
    """Every way to make the sentence more polite; none for one that is, or that states a fact."""
    if any(word.plain in _POLITE_ALREADY for word in words) or words[0].after:
        return []
    first = words[0].plain
    second = words[1].plain if len(words) > 1 else ""
    if words[0].in_slot:
        return []
    if words[-1].after.endswith("?"):
        return _to_question(words, first, second)
    if first in COMMANDS and second not in AUXILIARIES:
        return [*in_front("please", words), *_requests(words), *_at_end(words, "please", *_THANKS)]
    if first == "don't" and second in COMMANDS:
        return [*in_front("please", words), *_at_end(words, "please")]
    if (first, second) in _WANTS:
        return _at_end(words, "please", *_THANKS)
    return _to_fragment(words)


def _to_question(words: Sequence[Word], first: str, second: str) -> list[Edit]:
    if first in _ASKED_OF_YOU and second == "you":
        after_you = [Edit(1, 2, (words[1], Word("please")))] if words[1].is_bare else []
        return [*after_you, *_at_end(words, "please")]
    openings = [edit for phrase in _OPENINGS for edit in in_front(phrase, words)]
    if first in QUESTION_WORDS or (first, second) == ("can", "i"):
        return [*openings, *_at_end(words, "please")]
    return openings if first in AUXILIARIES else []


def _to_fragment(words: Sequence[Word]) -> list[Edit]:
    """`Lights off in the hall, thanks.`, `From my account, please.`"""
    outside_slots = [word.plain for word in words if not word.in_slot]
    is_statement = (
        any(word in _FINITE or "'" in word for word in outside_slots)
        or outside_slots[0] in PRONOUNS
    )
    if is_statement or begins_low(words[0]) is None or any(word.after for word in words[:-1]):
        return []
    return (
        _at_end(words, "please") if outside_slots[0] in PREPOSITIONS else _at_end(words, *_THANKS)
    )


def _requests(words: Sequence[Word]) -> list[Edit]:
    """The command as a question: `Could you turn on the light?`"""
    last = words[-1]
    is_own_end = last.in_slot and not last.core[-1:].isalnum()
    if is_own_end or any(word.after not in ("", ",") for word in words[:-1]):
        return []
    end = replace(last, after=last.after.replace(".", "?").replace("!", "?"))
    found = []
    for phrase in _REQUESTS:
        for edit in in_front(phrase, words):
            rest = (*words[1:-1], end) if len(words) > 1 else ()
            found.append(Edit(0, len(words), (*edit.words, *rest)))
    return found


def _at_end(words: Sequence[Word], *phrases: str) -> list[Edit]:
    """`..., please.`; without the comma in a sentence that has no end mark."""
    last = words[-1]
    if last.after not in ("", ".", "!", "?") or (last.in_slot and not last.core[-1:].isalnum()):
        return []
    found = []
    for phrase in phrases:
        *before, end = phrase.split()
        stopped = replace(last, after="," if last.after else "")
        new = (*map(Word, before), Word(end, after=last.after))
        found.append(Edit(len(words) - 1, len(words), (stopped, *new)))
    return found
