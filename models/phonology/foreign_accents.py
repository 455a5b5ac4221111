"""Names of accents: `en-us`, `en-us+fr`, `en-us+fr(0.6)`; and English with a foreign accent."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from models.errors import DataError
from models.phonology.accents import nearest_phone
from models.phonology.first_languages import FIRST_LANGUAGES
from models.phonology.phonemes import english_accents, unstressed
from models.phonology.sound_changes import change_words

_NAME = re.compile(r"([^+()]+)(?:\+([^+()]+)(?:\((\d+(?:\.\d+)?)\))?)?")
_WEAKEST = 0.01  # of an accent that changes anything


class Accent(NamedTuple):
    """One of espeak-ng's Englishes; of those who learned it as a second language also the first
    one, by its code, and the strength of their accent, 0 to 1, where it is given.
    """

    native: str
    first_language: str = ""
    strength: float | None = None

    @property
    def name(self) -> str:
        """As rows have it, the strength to two decimals."""
        if not self.first_language:
            return self.native
        strength = "" if self.strength is None else f"({round(self.strength, 2):g})"
        return f"{self.native}+{self.first_language}{strength}"

    @property
    def language(self) -> str:
        """The name without the strength."""
        return self._replace(strength=None).name


def parse_accent(name: str) -> Accent:
    """An accent from its name, whether or not there is one; what is no name is taken as native."""
    match = _NAME.fullmatch(name)
    if match is None:
        return Accent(name)
    native, first, strength = match.groups()
    return Accent(native, first or "", None if strength is None else float(strength))


def check_accent(name: str) -> None:
    """Raise `DataError` for an English that espeak-ng lacks, a first language without sound
    changes, or a strength above 1.
    """
    accent = parse_accent(name)
    if accent.native not in english_accents():
        allowed = ", ".join(english_accents())
        raise DataError(
            f"{accent.native} is none of espeak-ng's: {allowed}; a first language may stand behind "
            "it, as in en-us+fr or en-us+fr(0.6)"
        )
    if accent.first_language and accent.first_language not in FIRST_LANGUAGES:
        allowed = ", ".join(FIRST_LANGUAGES)
        raise DataError(f"{name}: {accent.first_language} is no first language; allowed: {allowed}")
    if accent.strength is not None and accent.strength > 1:
        raise DataError(f"{name}: strength {accent.strength:g}; from 0 to 1 is allowed")


def speak_as(phonemes: str, accent: Accent, shifts: Sequence[float] = ()) -> str:
    """A phoneme string as someone with this accent says it; at full strength where none is given.

    `shifts` move, for each change of his language, the strength from which on he makes it. Words
    and pauses stay.
    """
    if not accent.first_language:
        return phonemes
    strength = 1.0 if accent.strength is None else accent.strength
    changes = FIRST_LANGUAGES[accent.first_language].changes
    moved = shifts if len(shifts) else [0.0] * len(changes)
    made = [
        one.change
        for one, shift in zip(changes, moved, strict=True)
        if strength >= min(max(one.from_strength + shift, _WEAKEST), 1.0)
    ]
    return change_words(phonemes, made)


def replaced_phones(accents: Iterable[str], table: Collection[str]) -> Iterator[str]:
    """For each foreign accent with phones that a voice with the symbols `table` lacks, which they
    are and what it says in their place.
    """
    known = {unstressed(symbol) for symbol in table}
    for name in accents:
        accent = parse_accent(name)
        if not accent.first_language:
            continue
        lacking = sorted(FIRST_LANGUAGES[accent.first_language].phones - known)
        pairs = ", ".join(f"{phone} as {nearest_phone(phone, known)}" for phone in lacking)
        if pairs:
            yield f"{name}: {pairs}"
