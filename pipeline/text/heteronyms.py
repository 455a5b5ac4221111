"""Words that are said by their part of speech: a record, to record; I read, I have read.

espeak-ng knows them, and tells by the words around: each is read in a phrase that leaves no doubt,
in the accent that the text is read in.
"""

import functools
from typing import Literal, get_args

from models.errors import DataError
from models.phonology.phonemes import Phonemizer, split_words

PartOfSpeech = Literal["noun", "verb", "past", "adjective"]
PARTS_OF_SPEECH: tuple[PartOfSpeech, ...] = get_args(PartOfSpeech)
_PHRASES = {
    "noun": "the {} was",
    "verb": "to {} it",
    "past": "they have {} it",
    "adjective": "a very {} one",
}
_USUAL = "en-us"


@functools.lru_cache(maxsize=4096)
def said_as(word: str, part: str, accent: str = _USUAL) -> tuple[str, ...]:
    """The phones of a word as that part of speech, in one of espeak-ng's accents."""
    phrase = _PHRASES[part]
    (phonemes,) = Phonemizer(accent).phonemize([phrase.format(word)])
    return tuple(split_words(phonemes)[0][phrase.split().index("{}")])


def check_heteronym(word: str) -> None:
    """Raise `DataError` for a word that is said alike as all parts of speech."""
    if len({said_as(word, each) for each in PARTS_OF_SPEECH}) == 1:
        raise DataError(
            f"espeak-ng says {word} alike as {', '.join(PARTS_OF_SPEECH)}; give phones, as in "
            f"[{word}](/.../)"
        )
