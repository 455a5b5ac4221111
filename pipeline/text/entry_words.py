"""The words that an entry of a lexicon meets: `José` is "jose" in a transcript, `SQL` "s q l"."""

import re

from models.phonology.characters import plain
from models.phonology.phonemes import words_of
from pipeline.text.readings.cardinals import cardinal
from pipeline.text.spoken_overlay import after, before

Words = tuple[str, ...]
# Words too, which a list in capitals may mean by them.
_LISTED_IN_CAPITALS = "ABS ADA AM COB COD DEA DEI DOB DOL EMS EST IT LA LAX LED MIA OS PA POS POW"
_LISTED_IN_CAPITALS += " SAT SEC SOP TIA UPS US"
_ALSO_WORDS = frozenset(_LISTED_IN_CAPITALS.split())
_IN_LETTERS = re.compile(r"[A-Z]{2,5}|.*[a-z].*[A-Z].*")
_SMALL_NUMBER = re.compile(r"(?<!\d)(?:\d|[1-9]\d)(?!\d)")
_SAID = re.compile(r"[a-z']+")


def words_met(written: str, in_capitals: bool = False) -> list[Words]:
    """Which words what is `written` is met as: as it stands, unaccented, and as it is said."""
    known = plain(written)
    ways = (tuple(words_of(written)), tuple(words_of(known)), _spoken(known, in_capitals))
    return [way for way in dict.fromkeys(ways) if way]


def can_be_met(words: Words) -> bool:
    """Whether a transcript may hold these words: letters of English, and no digits."""
    return all(_SAID.fullmatch(word) for word in words)


def _spoken(known: str, in_capitals: bool) -> Words:
    """Its words in a sentence. Grammars are not asked: of numbers those below 100 are read."""
    is_word = not _IN_LETTERS.fullmatch(known) or (in_capitals and known in _ALSO_WORDS)
    if known.isalpha() and is_word:
        return ()
    text = f"and {known} and"
    if not (in_capitals and known.isalpha()):
        text = _SMALL_NUMBER.sub(_number, before(text))
    return tuple(words_of(after(text, ""))[1:-1])


def _number(match: re.Match[str]) -> str:
    return f" {cardinal(int(match[0]))} "
