"""Our phoneme strings in the letters of other synthesizers' models.

Piper's voices were trained on espeak-ng's symbols, which are ours. Kokoro writes one letter for a
diphthong or an affricate, and a flap as `T`; vowels of its American voices have no length mark.
A foreign accent's tap has the letter of the Spanish, Italian and Hindi that it learned as well.
"""

from collections.abc import Mapping

from models.phonology.foreign_accents import parse_accent
from models.phonology.phonemes import ENDS, PAUSE, START, STRESS_MARKS, WORD, unstressed

_KOKORO = {
    "eɪ": "A", "aɪ": "I", "ɔɪ": "Y", "aʊ": "W", "oʊ": "O", "əʊ": "Q",
    "dʒ": "ʤ", "tʃ": "ʧ", "ɐ": "ə", "g": "ɡ", "r": "ɹ",
    "t̪": "t", "d̪": "d",
}  # fmt: skip
_AMERICAN = {"ɜː": "ɜɹ", "ɚ": "əɹ", "ɾ": "T", "ɑː": "ɑ", "ɔː": "ɔ", "iː": "i", "uː": "u"}
_BRITISH = {"ᵻ": "ɪ", "eə": "ɛː", "ɾ": "t", "æ": "a", "ɚ": "ə", "oʊ": "Q"}
_FOREIGN = {"ɾ": "ɾ"}


def kokoro_symbols(phonemes: str, accent: str) -> str:
    """In Kokoro's letters: `^ h ə l ˈoʊ , w ˈɜː l d .` -> `həlˈO, wˈɜɹld.`; `accent` by
    espeak-ng's names, of which those of Britain have their own vowels, or a foreign one, as
    `en-us+it`.
    """
    of_accent = _BRITISH if accent.startswith("en-gb") else _AMERICAN
    foreign = _FOREIGN if parse_accent(accent).first_language else {}
    return _written(phonemes, _KOKORO | of_accent | foreign)


def piper_symbols(phonemes: str) -> str:
    """In Piper's: `^ h ə l ˈoʊ , w ˈɜː l d .` -> `həlˈoʊ, wˈɜːld.`"""
    return _written(phonemes, {"g": "ɡ"})


def _written(phonemes: str, symbols: Mapping[str, str]) -> str:
    written = []
    for token in phonemes.split():
        if token == WORD:
            written.append(" ")
        elif token == PAUSE:
            written.append(", ")
        elif token in ENDS:
            written.append(token)
        elif token != START:
            phone = unstressed(token)
            stress = token[0] if token[0] in STRESS_MARKS else ""
            written.append(stress + symbols.get(phone, phone))
    return "".join(written)
