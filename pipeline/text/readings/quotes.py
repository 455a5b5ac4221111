"""Quotation marks that are none of a word, and those that mean inches."""

import itertools
import re

from models.phonology.phonemes import LAST_APOSTROPHE
from pipeline.text.readings.cardinals import cardinal

# Behind a stop or another mark these belong to the word: `U.S.'s`, `Yahoo!'s`.
ENDING = r"'(?:s|ll|d|re|ve)\b"
_MARK_BEFORE_ENDING = re.compile(rf"(?<=\w)[!?](?={ENDING})")
_BRACKET_BEFORE_ENDING = re.compile(rf" \(([^()]+)\)(?={ENDING})")
_NO_ENDING = rf"(?!(?<=\.){ENDING})"
_OPENING = re.compile(rf"(?<![\w']){_NO_ENDING}'(?=\w)")
_CLOSING = re.compile(r"(?<=[\w.,!?…)])'(?!\w)")
# These begin with letters left out, not with a quotation.
_ELISION = re.compile(r"'(?:tis|twas|twere|em|n|cause|til|till|bout|round|nuff|\d0s)\b", re.I)
_OF_A_WORD = re.compile(rf"\w{LAST_APOSTROPHE}(?![\w\"])")
_STRAY = re.compile(
    r"(?<![\w'])'(?!\d0s)(?![\w'])|(?<=[^\w\s'])'(?!\w)|(?<![\w'])" + _NO_ENDING + r"'(?=[A-Za-z])"
)
_SIDES = re.compile(r"(\d)\" ?[x×] ?(\d+(?:\.\d+)?)\"")
_INCHES = re.compile(r"(?<=\d)\"")
_NUMBER_IN_QUOTES = re.compile(r"(?<![\w.:/$,-])\d{1,15}(?=\")")


def without_quotes(text: str) -> str:
    """Single marks that quote, or stand alone, left out; those of words stay (don't, dogs')."""
    if "'" not in text:
        return text
    text = _MARK_BEFORE_ENDING.sub("", text.replace("''", '"'))
    text = _BRACKET_BEFORE_ENDING.sub(r", \1", text)
    openings = [m.start() for m in _OPENING.finditer(text) if not _ELISION.match(text, m.start())]
    closings = [match.start() for match in _CLOSING.finditer(text)]
    pairs = set[int]()
    for opening, following in itertools.pairwise([*openings, len(text)]):
        closing = _closing_of([at for at in closings if opening < at < following], text)
        pairs |= {opening, closing} if closing else {opening}
    kept = {match.end() - 1 for match in _OF_A_WORD.finditer(text)} - pairs
    dropped = pairs | {at for at in closings if at not in kept and not text[at - 1].isdigit()}
    text = "".join(sign for at, sign in enumerate(text) if at not in dropped)
    return _STRAY.sub("", text)


def _closing_of(candidates: list[int], text: str) -> int:
    """Which mark closes a quotation; 0 for none. One that no word ends with, or else one that a
    sentence or a clause ends with (`'The dogs' bowls'`), or else the first.
    """
    plain = [at for at in candidates if not _OF_A_WORD.fullmatch(text, at - 1, at + 1)]
    at_end = [at for at in candidates if not text[at + 1 :].lstrip()[:1].isalnum()]
    return next(iter([*plain, *at_end, *candidates]), 0)


def inch_marks(text: str) -> str:
    """`a 65" TV`: behind a digit, a mark that would open a quotation is one of inches.

    NeMo takes any for inches, so a number that a quotation ends with is put in words here.
    """
    if '"' not in text:
        return text
    text = _SIDES.sub(r"\1 inch by \2 inch ", text)
    text = _INCHES.sub(lambda m: '"' if text.count('"', 0, m.start()) % 2 else " inch ", text)
    return _NUMBER_IN_QUOTES.sub(lambda match: cardinal(int(match[0])), text)
