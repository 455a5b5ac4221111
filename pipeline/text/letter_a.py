"""The letter A, which is written as the article is: `seat fourteen A`, `Vitamin A`, `A or B`.

Normalization leaves it a capital. Within a sentence an article is a capital only in titles (`Watch
A Star Is Born`) and in a text of capitals, so there what stands beside the A decides.
"""

import re

from models.phonology.phonemes import words_of
from pipeline.text.readings.cardinals import NUMBER_WORDS
from pipeline.text.readings.letters import is_acronym, is_spelled
from pipeline.text.readings.names import NAMED_BY_LETTERS
from pipeline.text.readings.rules import any_of

_A = re.compile(r"\bA\b(?!['’]\w)")
_LETTER = "letterhere"
_NUMBER = any_of([*NUMBER_WORDS, "oh"])
# What is named by a letter. Before a word with a capital some are commands: `Plan A Trip`.
_NAMED = "|".join(f"[{word[0].upper()}{word[0]}]{word[1:]}" for word in NAMED_BY_LETTERS)
_LETTERS_BEFORE = re.compile(r"\b[A-Z] $|\b[Aa]n $|\w-$|\b(?:[Dd]ouble|[Tt]riple) $")
_NAMES_BEFORE = re.compile(rf"\b(?:{_NUMBER}|{_NAMED}) $")
_THE_BEFORE = re.compile(r"\b[Tt]he $")
_WITHIN_SENTENCE = re.compile(r"[\w,] $")
_LETTER_BEHIND = re.compile(r" [A-Z]\b(?!-\w)")
_ACRONYM_BEHIND = re.compile(r"(?: [A-Z]\b){2,4}(?!['-]\w)")
_NOUN_BEHIND = re.compile(r" [A-Z][A-Za-z]")
_TITLE_BEHIND = re.compile(r" [A-Z][a-z]+ [A-Z]")
# No article stands before these, and none with a capital before the others.
_NO_NOUN_BEHIND = re.compile(
    r"-(?!h[ao]\b)\w| (?i:and|or|is|are|was|were|has|if|of|than|but)\b(?!-)| (?i:to) [A-Z]\b"
    r"|[.?!:;)](?!\.)|, [A-Z]\b| (?:plus|minus) (?:[A-Z]\b|grade|rating|student|work)"
)
_NO_NOUN_WITHIN = re.compile(
    r"(?: (?:again|as|at|by|for|from|in|now|on|please|then|to|today|too|twice|with)\b"
    rf"| (?:flat|sharp|major|minor|plus|minus)\b| {_NUMBER}\b)(?!-)|,|\"?$"
)


def read_letter_a(text: str, phonemes: str) -> str:
    """In `seven A M` the letter is said "ay"; espeak-ng takes it for the article.

    Words are found by their index: a phoneme string has exactly the words of the text.
    """
    if not _A.search(text):
        return phonemes
    letters = [word == _LETTER for word in words_of(_A.sub(_marked, text))]
    tokens, word = [], 0
    for token in phonemes.split(" "):
        if token in ("|", ",", ".", "?", "!"):
            word += 1
        elif token == "ɐ" and letters[word]:
            token = "ˈeɪ"
        tokens.append(token)
    return " ".join(tokens)


def _marked(match: re.Match[str]) -> str:
    before, behind = match.string[: match.start()], match.string[match.end() :]
    return _LETTER if _is_letter(before, behind) else match[0]


def _is_letter(before: str, behind: str) -> bool:
    is_within = bool(_WITHIN_SENTENCE.search(before))
    if _LETTERS_BEFORE.search(before) or _NO_NOUN_BEHIND.match(behind):
        return True
    if _LETTER_BEHIND.match(behind):
        return is_within or not _is_article_of_acronym(behind)
    if _NAMES_BEFORE.search(before):
        return not _NOUN_BEHIND.match(behind)
    if _THE_BEFORE.search(before):
        return not _TITLE_BEHIND.match(behind)
    return is_within and bool(_NO_NOUN_WITHIN.match(behind))


def _is_article_of_acronym(behind: str) -> bool:
    """`A P C game` is "a PC game", but `A T M` is no "a TM"."""
    found = _ACRONYM_BEHIND.match(behind)
    if not found:
        return False
    letters = found[0].replace(" ", "")
    is_longer = is_acronym(f"A{letters}") and letters != "TV"
    return is_spelled(letters) and not is_longer and not letters.startswith("BC")
