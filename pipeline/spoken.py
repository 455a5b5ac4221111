"""Stage 2: what is said, how it is written down for an ASR, and its phonemes."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import DataError
from models.phonemes import Phonemizer, words_of
from pipeline.normalize import normalize
from pipeline.records import Reject, Sentence, SpokenSentence

STAGE = "speak"
_SPEAKABLE = re.compile(r"""[A-Za-z\s'.,;:!?"()-]*""")
_SPELLED_A = re.compile(r"\bA(?= [A-Z]\b)|(?<=\b[A-Z] )A\b")
_LETTER = "letterhere"


@dataclass(frozen=True)
class TextConfig:
    """How text is read.

    `accent` is one of espeak-ng's English voices. `grammar_cache` holds the compiled text
    grammars (default: the user's cache). `workers` processes share large batches (0: one a
    core). Only `accent` changes the rows.
    """

    accent: str = "en-us"
    grammar_cache: Path | None = None
    workers: int = 0

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ValueError(f"workers: {self.workers} is not allowed; 0 (one a core) or more")


def check_text(config: TextConfig) -> None:
    """Raises `DataError` when espeak-ng does not know the accent or is missing."""
    Phonemizer(config.accent)


def speak(
    sentences: Sequence[Sentence], config: TextConfig, seed: int
) -> Iterator[SpokenSentence | Reject]:
    """Each sentence as it is said, or why it cannot be, in the order given.

    Nothing is drawn yet: `seed` is there for accents that vary from sentence to sentence.
    """
    spoken = normalize(
        [sentence.text for sentence in sentences], config.grammar_cache, config.workers
    )
    reasons = [_unspeakable(text) for text in spoken]
    phonemizer = Phonemizer(config.accent)
    good = [text for text, reason in zip(spoken, reasons, strict=True) if not reason]
    phonemes = iter(_phonemize(phonemizer, good))
    for sentence, text, reason in zip(sentences, spoken, reasons, strict=True):
        result = DataError(reason) if reason else next(phonemes)
        if isinstance(result, DataError):
            yield Reject(sentence.id, STAGE, str(result))
            continue
        yield SpokenSentence(
            id=sentence.id,
            normalized_text=text,
            transcript=" ".join(words_of(text)),
            phonemes=_say_letter_a(text, result),
            accent=config.accent,
        )


def _unspeakable(text: str) -> str:
    """Why a spoken text cannot be said in English; empty when it can."""
    readable = _SPEAKABLE.match(text)
    end = readable.end() if readable else 0
    if end < len(text):
        name = unicodedata.name(text[end], "unnamed character").lower()
        return f"cannot say `{text[end]}` ({name})"
    return "" if words_of(text) else "nothing to say: no words in the text"


def _phonemize(phonemizer: Phonemizer, texts: list[str]) -> list[str | DataError]:
    """All at once; one at a time when there is one that cannot be, so that only it is lost."""
    try:
        return list(phonemizer.phonemize(texts))
    except DataError:
        return [_phonemize_one(phonemizer, text) for text in texts]


def _phonemize_one(phonemizer: Phonemizer, text: str) -> str | DataError:
    try:
        return phonemizer.phonemize([text])[0]
    except DataError as error:
        return error


def _say_letter_a(text: str, phonemes: str) -> str:
    """In `seven A M` the letter is said "ay"; espeak-ng takes it for the article.

    Words are found by their place: a phoneme string has exactly the words of the text.
    """
    if not _SPELLED_A.search(text):
        return phonemes
    letters = [word == _LETTER for word in words_of(_SPELLED_A.sub(_LETTER, text))]
    tokens, word = [], 0
    for token in phonemes.split(" "):
        if token in ("|", ",", ".", "?", "!"):
            word += 1
        elif token == "ɐ" and letters[word]:
            token = "ˈeɪ"
        tokens.append(token)
    return " ".join(tokens)
