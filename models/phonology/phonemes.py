"""Text to phonemes with espeak-ng, and the phoneme string that stages and checkpoints share.

A phoneme string is tokens with single spaces between them:

    ^ h ə l ˈoʊ , w ˈɜː l d .

`^` is the silence before speech, `,` a pause between words, `|` a word boundary without
a pause, and `.` `?` `!` the silence after speech. A stress mark stands glued to its vowel.
"""

import functools
import itertools
import logging
import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from models.errors import DataError

LONGEST_WORD = 100  # bytes: for some words of 200, espeak-ng ends the process
START, WORD, PAUSE = "^", "|", ","
ENDS = (".", "?", "!")
SILENCES = (START, PAUSE, *ENDS)
STRESS_MARKS = "ˈˌ"

# espeak-ng writes some sounds in more than one way and joins others into one symbol. One symbol
# a sound keeps every symbol frequent enough to be learned from an hour of speech.
_SIMPLER: dict[str, tuple[str, ...]] = {
    "ɑːɹ": ("ɑː", "ɹ"),
    "oːɹ": ("ɔː", "ɹ"),
    "ɔːɹ": ("ɔː", "ɹ"),
    "oː": ("ɔː",),
    "ɛɹ": ("ɛ", "ɹ"),
    "ɪɹ": ("ɪ", "ɹ"),
    "ʊɹ": ("ʊ", "ɹ"),
    "aɪɚ": ("aɪ", "ɚ"),
    "aɪə": ("aɪ", "ə"),
    "iə": ("i", "ə"),
    "əl": ("ə", "l"),
    "n̩": ("ə", "n"),
    "ʔ": ("t",),
    "ɑ": ("ɑː",),
    "e": ("eɪ",),
    "ɔ̃": ("ɔ",),
    "r": ("ɹ",),
    "x": ("k",),
    "ɬ": ("l",),
}
# The last apostrophe is a plural's or a name's (`dogs'`, `Marx'`), or stands for letters left out
# (`fishin'`, `ol'`, `o'`); any other closes a quotation.
LAST_APOSTROPHE = r"(?:(?<=[sxzSXZ])|(?<=[iI][nN])|(?<=[oO][lL])|(?<=\b[oO]))['’]"
_WORD = re.compile(rf"[^\W_]+(?:['’][^\W_]+)*(?:{LAST_APOSTROPHE})?")
_PAUSE_MARKS = re.compile(r"[,;:()—–]|\s-+\s|\.\.\.|[.?!](?=\s)")


def words_of(text: str) -> list[str]:
    """The lower-case words of a spoken text, without punctuation; hyphens part words."""
    return [word.replace("’", "'").lower() for word in _WORD.findall(text)]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each of `words_of(text)` begins and ends in the text."""
    return [match.span() for match in _WORD.finditer(text)]


def tokens_of(phonemes: str) -> list[str]:
    """What the acoustic model reads: the phoneme string's tokens without word boundaries."""
    return [token for token in phonemes.split() if token != WORD]


def phones_of(phonemes: str) -> list[str]:
    """What the recognizer writes: phones without silence, word boundaries or stress."""
    skipped = {WORD, *SILENCES}
    return [unstressed(token) for token in phonemes.split() if token not in skipped]


def split_words(phonemes: str) -> tuple[list[list[str]], list[str]]:
    """The phones of each word of a phoneme string, and the token behind each word."""
    words: list[list[str]] = []
    boundaries: list[str] = []
    phones: list[str] = []
    for token in phonemes.split()[1:]:
        if token == WORD or token in SILENCES:
            words.append(phones)
            boundaries.append(token)
            phones = []
        else:
            phones.append(token)
    return words, boundaries


def join_words(words: Sequence[Sequence[str]], boundaries: Sequence[str]) -> str:
    """The phoneme string that `split_words` takes apart."""
    tokens = [START]
    for phones, boundary in zip(words, boundaries, strict=True):
        tokens += [*phones, boundary]
    return " ".join(tokens)


def unstressed(token: str) -> str:
    """A token without its stress mark."""
    return token.lstrip(STRESS_MARKS)


class Phonemizer:
    """Phoneme strings for spoken texts, by espeak-ng in one accent (`en-us`, `en-gb`, ...).

    espeak-ng runs words together (`of the` is one word to it); boundaries are put back, so a
    phoneme string has exactly the words of `words_of(text)`. Not parallel within a process:
    espeak-ng has one global state, so calls take turns.
    """

    def __init__(self, accent: str = "en-us") -> None:
        self.accent = accent
        self._backend = _espeak(accent)

    def phonemize(self, texts: Sequence[str]) -> list[str]:
        """One phoneme string a text. Raises `DataError` naming a word without phonemes, or one that
        is too long.
        """
        words = [words_of(text) for text in texts]
        for word in itertools.chain.from_iterable(words):
            _check_length(word)
        alone = self._pronounce_words({word for sentence in words for word in sentence})
        together = self._speak([" ".join(sentence) if sentence else "" for sentence in words])
        return [
            _assemble(text, sentence, spoken, alone)
            for text, sentence, spoken in zip(texts, words, together, strict=True)
        ]

    def _pronounce_words(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        ordered = sorted(words)
        phones = self._speak(ordered)
        return {
            word: tuple(phone for part in spoken for phone in part)
            for word, spoken in zip(ordered, phones, strict=True)
        }

    def _speak(self, texts: list[str]) -> list[list[list[str]]]:
        """Phones by (text, word) as espeak-ng parts the words."""
        if not texts:
            return []
        with _ESPEAK_LOCK:
            lines = self._backend.phonemize(texts, separator=_separator(), strip=False)
        return [[_phones(word) for word in line.split()] for line in lines]


def _check_length(word: str) -> None:
    size = len(word.encode(errors="replace"))
    if size > LONGEST_WORD:
        raise DataError(f"`{word[:20]}...`: a word of {size:,} bytes; at most {LONGEST_WORD}")


_ESPEAK_LOCK = threading.Lock()


@functools.cache
def _separator() -> Any:
    from phonemizer.separator import Separator

    return Separator(phone="_", word=" ", syllable="")


@functools.cache
def _espeak(accent: str) -> Any:
    from phonemizer.backend import EspeakBackend

    if accent not in english_accents():
        raise DataError(
            f"accent {accent}: no English of espeak-ng's; allowed: {', '.join(english_accents())}"
        )
    return EspeakBackend(
        accent,
        with_stress=True,
        language_switch="remove-flags",
        words_mismatch="ignore",
        logger=_quiet_logger(),
    )


@functools.cache
def english_accents() -> tuple[str, ...]:
    """The accents of English that espeak-ng has, by its names."""
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    names = EspeakBackend.supported_languages()
    return tuple(name for name in names if name.startswith("en"))


def _quiet_logger() -> logging.Logger:
    """phonemizer warns of every run-together word, which are put right here."""
    logger = logging.getLogger("voxloom.phonemizer")
    logger.setLevel(logging.ERROR)
    return logger


def _phones(spoken_word: str) -> list[str]:
    """`h_ə_l_ˈoʊ_` to phones, stress marks glued to the front of their phone."""
    phones, stress = [], ""
    for part in spoken_word.split("_"):
        mark = "".join(character for character in part if character in STRESS_MARKS)
        phone = "".join(character for character in part if character not in STRESS_MARKS)
        stress = mark[:1] or stress
        if phone:
            first, *rest = _SIMPLER.get(phone, (phone,))
            phones += [stress + first, *rest]
            stress = ""
    return phones


def _assemble(
    text: str,
    words: list[str],
    together: list[list[str]],
    alone: dict[str, tuple[str, ...]],
) -> str:
    for word in words:
        if not alone[word]:
            raise DataError(f"`{word}` in `{text}`: espeak-ng has no phonemes for it")
    if len(together) == len(words) and all(together):
        parts = together
    else:
        flat = [phone for part in together for phone in part]
        parts = part_words(flat, [alone[word] for word in words])
    return join_words(parts, _boundaries(text, len(words)))


def _boundaries(text: str, num_words: int) -> list[str]:
    """The token after each word: a pause where punctuation stands, an end after the last."""
    spans = word_spans(text)
    boundaries = []
    for (_, end), (start, _) in itertools.pairwise(spans):
        boundaries.append(PAUSE if _PAUSE_MARKS.search(text[end : start + 1]) else WORD)
    tail = text[spans[-1][1] :] if spans else ""
    ending = next((mark for mark in tail if mark in ENDS), ".")
    return [*boundaries, ending][:num_words]


def part_words(phones: list[str], words: list[tuple[str, ...]]) -> list[list[str]]:
    """Cut `phones` into as many parts as `words`, where they resemble the words most.

    Dynamic programming over (phones, words' own phones): an edit alignment; each word takes
    the phones aligned to its own, and never fewer than one while there are enough.
    """
    owners = [index for index, word in enumerate(words) for _ in word]
    own = [unstressed(phone) for word in words for phone in word]
    rows, columns = len(phones) + 1, len(own) + 1
    cost = [[row + column for column in range(columns)] for row in range(rows)]
    for row in range(1, rows):
        for column in range(1, columns):
            differs = unstressed(phones[row - 1]) != own[column - 1]
            cost[row][column] = min(
                cost[row - 1][column - 1] + differs,
                cost[row - 1][column] + 1,
                cost[row][column - 1] + 1,
            )
    parts: list[list[str]] = [[] for _ in words]
    row, column = len(phones), len(own)
    while row > 0:
        if column > 0 and cost[row][column] == cost[row][column - 1] + 1:
            column -= 1
            continue
        parts[owners[max(column - 1, 0)]].insert(0, phones[row - 1])
        differs = column > 0 and unstressed(phones[row - 1]) != own[column - 1]
        if column > 0 and cost[row][column] == cost[row - 1][column - 1] + differs:
            column -= 1
        row -= 1
    return [part or list(word) for part, word in zip(parts, words, strict=True)]
