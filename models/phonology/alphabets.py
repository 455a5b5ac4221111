"""How a sentence becomes the symbols that a checkpoint reads, and which word each belongs to.

`ipa` is ours: the phoneme string of models/phonology/phonemes.py. `arpabet` is CMUdict's, as
aligners and public FastSpeech 2 models use it. `characters` is plain text, as the public Tacotron 2
reads it.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.errors import DataError
from models.phonology.accents import as_known
from models.phonology.full_vowels import with_full_vowels
from models.phonology.phonemes import ENDS, PAUSE, SILENCES, WORD, unstressed, word_spans, words_of
from models.phonology.symbols import find_symbol
from models.phonology.word_starts import tokens_for

Alphabet = Literal["ipa", "arpabet", "characters"]
NO_WORD = -1

_VOWELS = (
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
)  # fmt: skip
_CONSONANTS = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH",
    "T", "TH", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
# The table of keithito/tacotron: padding, punctuation, letters, and ARPAbet behind an `@`.
PUBLIC_ENGLISH: tuple[str, ...] = (
    "_",
    *"-!'(),.:;? ",
    *"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    *(
        f"@{phone}{stress}"
        for phone in sorted(_VOWELS + _CONSONANTS)
        for stress in (("", "0", "1", "2") if phone in _VOWELS else ("",))
    ),
)

# What espeak-ng's English phones are in ARPAbet; British ones by the word they stand in.
_ARPABET = {
    "a": "AE", "æ": "AE", "aɪ": "AY", "aʊ": "AW", "ɑː": "AA", "ɐ": "AH", "ʌ": "AH", "ə": "AH",
    "ɒ": "AA", "ɔ": "AO", "ɔː": "AO", "ɔɪ": "OY", "oʊ": "OW", "əʊ": "OW", "ɛ": "EH", "eɪ": "EY",
    "eə": "EH R", "ɜː": "ER", "ɚ": "ER", "ɪ": "IH", "ᵻ": "IH", "i": "IY", "iː": "IY", "ʊ": "UH",
    "ʊə": "UH R", "u": "UW", "uː": "UW",
    "b": "B", "tʃ": "CH", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "h": "HH", "dʒ": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "s": "S", "ʃ": "SH", "t": "T",
    "ɾ": "T", "θ": "TH", "v": "V", "w": "W", "j": "Y", "z": "Z", "ʒ": "ZH",
}  # fmt: skip
_SHORT_PAUSE = "@sp"
_REDUCED = frozenset(["ə", "ɐ", "ᵻ", "ɚ", "i"])  # never the loudest vowel of a word
_BEFORE_R = frozenset(["ɜː", "ɚ", "ə", "ɐ", "ʌ"])  # with an R behind them they are ER
_TENSE = {"ɪ": "i", "ʊ": "u"}  # before another vowel, and where a word ends
_SPELLED = {"’": "'", "‘": "'", "–": "-", "—": "-"} | dict.fromkeys('"“”', "")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Symbol ids (N,), and for each the number of its word, or `NO_WORD` (N,)."""

    ids: np.ndarray
    words: np.ndarray


def tokenize(alphabet: Alphabet, table: Sequence[str], text: str, phonemes: str) -> Tokens:
    """What a checkpoint with the symbols `table` reads for a spoken text and its phoneme string.

    A phone that it never learned is read as the nearest one of models/phonology/accents.py. Raises
    `DataError` naming the word and the symbol that the table lacks.
    """
    index = {symbol: number for number, symbol in enumerate(table)}
    ids, words = [], []
    for symbol, word in _spell(alphabet, table, text, phonemes):
        number = find_symbol(symbol, index) if alphabet == "ipa" else index.get(symbol)
        if number is None:
            raise DataError(_unknown(alphabet, symbol, word, text))
        ids.append(number)
        words.append(word)
    return Tokens(np.array(ids, dtype=np.int64), np.array(words, dtype=np.int64))


def arpabet(word: Sequence[str]) -> list[str]:
    """The phones of one word, as in a phoneme string, in CMUdict's ARPAbet with stress.

    A phone that has none stays as it is.
    """
    phones = _as_cmudict_parts(word)
    spelled: list[str] = []
    for phone, stress in zip(phones, _stresses(phones), strict=True):
        first, *rest = _ARPABET.get(unstressed(phone), phone).split()
        spelled += [first + stress, *rest]
    return spelled


def sound_of(phone: str) -> str:
    """Its ARPAbet without stress: the same for ways of writing one English sound. A phone that
    has none stays as it is, without its stress.
    """
    return _ARPABET.get(unstressed(phone), unstressed(phone))


def _spell(
    alphabet: Alphabet, table: Sequence[str], text: str, phonemes: str
) -> Iterator[tuple[str, int]]:
    """Symbols, each with its word's number."""
    if alphabet == "characters":
        return _characters(text)
    if alphabet == "ipa":
        return _ipa_symbols(as_known(with_full_vowels(phonemes, table), table), table)
    return _arpabet_symbols(as_known(phonemes, _ARPABET))


def _phonemes(phonemes: str) -> Iterator[tuple[str, int]]:
    word, inside = NO_WORD, False
    for token in phonemes.split():
        is_phone = token != WORD and token not in SILENCES
        if is_phone and not inside:
            word += 1
        inside = is_phone
        if token != WORD:
            yield token, word if is_phone else NO_WORD


def _ipa_symbols(phonemes: str, table: Sequence[str]) -> Iterator[tuple[str, int]]:
    words = (word for _, word in _phonemes(phonemes))
    return zip(tokens_for(table, phonemes), words, strict=True)


def _arpabet_symbols(phonemes: str) -> Iterator[tuple[str, int]]:
    """As aligned speech is written: a pause is `sp`, and silence at both ends is cut off."""
    words: dict[int, list[str]] = {}
    pauses = set()  # after which words
    for token, word in _phonemes(phonemes):
        if word != NO_WORD:
            words.setdefault(word, []).append(token)
        elif token == PAUSE:
            pauses.add(len(words) - 1)
    for word, phones in words.items():
        for phone in arpabet(phones):
            yield f"@{phone}", word
        if word in pauses:
            yield _SHORT_PAUSE, NO_WORD


def _characters(text: str) -> Iterator[tuple[str, int]]:
    """Lower case without accents or quotes, single spaces, and an end mark at the end."""
    owners = dict.fromkeys(range(len(text)), NO_WORD)
    for word, span in enumerate(word_spans(text)):
        owners |= dict.fromkeys(range(*span), word)
    last = " "
    for position, written in enumerate(text.rstrip()):
        for character in _plain(written):
            if (last, character) != (" ", " "):
                yield character, owners[position]
            last = character
    if last not in ENDS:
        yield ".", NO_WORD


def _plain(written: str) -> str:
    """A character of a text as an ASCII typist would write it: é as e, ’ as '."""
    if written.isspace():
        return " "
    parts = unicodedata.normalize("NFKD", _SPELLED.get(written, written)).lower()
    return "".join(part for part in parts if not unicodedata.combining(part))


def _as_cmudict_parts(word: Sequence[str]) -> list[str]:
    """Phones put together as CMUdict does, where espeak-ng parts or doubles them."""
    phones: list[str] = []
    for position, phone in enumerate(word):
        plain = unstressed(phone)
        before = [unstressed(known) for known in phones[-2:]]
        following = unstressed(word[position + 1]) if position + 1 < len(word) else ""
        if plain == "ɹ" and before[-1:] == ["ɹ"]:  # during
            continue
        if plain == "ɹ" and before == ["i", "ə"]:  # zero
            phones[-2:] = [phones[-2].replace("i", "ɪ"), phone]
        elif plain == "ɹ" and before and before[-1] in _BEFORE_R:  # hurry, memory, around
            phones[-1] = phones[-1].replace(before[-1], "ɚ")
        elif plain in _TENSE and (not following or _is_vowel(following)):  # radio, the
            phones.append(phone.replace(plain, _TENSE[plain]))
        else:
            phones.append(phone)
    return phones


def _stresses(phones: Sequence[str]) -> list[str]:
    """A digit for every vowel and nothing for the rest. Some vowel of a word has stress 1 unless
    all are reduced: `2` is for the second loudest, and espeak-ng's stress is the sentence's.
    """
    stresses = [
        ("1" if phone[0] == "ˈ" else "2" if phone[0] == "ˌ" else "0") if _is_vowel(phone) else ""
        for phone in phones
    ]
    full = [position for position, phone in enumerate(phones) if _is_full_vowel(phone)]
    loudest = [position for position in full if stresses[position] == "2"] or full
    if "1" not in stresses and loudest:
        stresses[loudest[0]] = "1"
    return stresses


def _is_vowel(phone: str) -> bool:
    return _ARPABET.get(unstressed(phone), "")[:2] in _VOWELS


def _is_full_vowel(phone: str) -> bool:
    return _is_vowel(phone) and phone not in _REDUCED


def _unknown(alphabet: Alphabet, symbol: str, word: int, text: str) -> str:
    words = words_of(text)
    owner = f"{words[word]}: " if 0 <= word < len(words) else ""
    kind = "character" if alphabet == "characters" else "phoneme"
    return f"{owner}{kind} {symbol}: the voice never learned it"
