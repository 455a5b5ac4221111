"""The lines that a teacher speaks: sentences, words, names and numbers, or those of a file."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from faker import Faker

from models.config import resolve_path
from models.errors import ConfigError, DataError
from models.phonology.foreign_accents import parse_accent, speak_as
from models.phonology.phonemes import words_of
from models.text_files import read_lines
from models.training.teaching import kokoro
from models.training.teaching.flite import FliteTeacher
from models.training.teaching.lines import SHARES, Sources, texts_of_voices
from models.training.teaching.plan import Line, PaceConfig, Request, every_request, plan
from models.training.teaching.render import METADATA
from models.training.teaching.teacher import Teacher
from pipeline.records import Sentence
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.text.normalize import normalize
from pipeline.text.pronounce import Pronouncer

TEACHERS = ("kokoro", "flite")
DOMAINS = ("voice_assistant", "banking_agent", "digits_and_codes", "wake_word")
_FROM_EACH_DOMAIN = 600
_NAMES = 600
_WORDS = Path("words/english.dict")


def open_teacher(name: str, model: Path | None) -> Teacher:
    """Raises `ConfigError` for an unknown name, or Kokoro without a folder."""
    if name == "flite":
        return FliteTeacher()
    if name != "kokoro":
        raise ConfigError(f"teacher {name}: unknown; allowed: {', '.join(TEACHERS)}")
    if model is None:
        raise ConfigError("kokoro needs --model DIR, the folder of voxloom teach fetch --to DIR")
    return kokoro.KokoroTeacher(model)


def plan_lines(
    voices: Mapping[str, float], reading: Sequence[Path], seed: int, pace: PaceConfig
) -> list[Request]:
    """All that the voices can say, in order; numbers are spelled out.

    `reading` are text files, a sentence a line, or a corpus's metadata.csv. Raises `DataError`
    naming a file that is missing.
    """
    sources = Sources(
        reading=[text for path in reading for text in read_texts(path)],
        domain=_domain_sentences(seed),
        words=_common_words(resolve_path(_WORDS)),
        names=_names(seed),
    )
    texts = texts_of_voices(sources, list(voices), seed)
    return list(plan(_spoken(texts), voices, SHARES, seed, pace))


def read_texts(path: Path) -> list[str]:
    """The sentences of a text file, or of a corpus's metadata.csv (the last field of a line).

    Raises `DataError` naming a file that cannot be read, a line without words, and one with a bar,
    which a corpus cannot hold.
    """
    lines = read_lines(path, "sentences")
    is_metadata = path.name.lower() == METADATA
    texts = {
        number: (line.rpartition("|")[2] if is_metadata else line).strip()
        for number, line in enumerate(lines, start=1)
        if line.strip()
    }
    for number, text in texts.items():
        if "|" in text:
            raise DataError(
                f"{path}:{number}: `{text}` has a bar, which parts the fields of a {METADATA}; a "
                "line is a sentence"
            )
        if not words_of(text):
            raise DataError(f"{path}:{number}: `{text}` has no words; a line is a sentence")
    if not texts:
        raise DataError(f"{path}: is empty; a line is a sentence")
    return list(texts.values())


@functools.lru_cache(maxsize=4096)
def pronounce(text: str, accent: str) -> str:
    """The phoneme string of one spoken text. Raises `DataError` naming a word without phonemes."""
    of = parse_accent(accent)
    found = Pronouncer({of.native: 1.0}).pronounce([""], [text], seed=0)[0].phonemes
    if isinstance(found, DataError):
        raise found
    return speak_as(found, of)


def lines_of_file(
    path: Path, voices: Mapping[str, float], seed: int, pace: PaceConfig
) -> list[Request]:
    """The sentences of a file, each in every voice. Raises `DataError` as `read_texts` does."""
    written = read_texts(path)
    lines = [
        Line("line", text, spoken) for text, spoken in zip(written, normalize(written), strict=True)
    ]
    return list(every_request(lines, list(voices), seed, pace))


def usual_voices(teacher: Teacher) -> list[str]:
    """Kokoro's better voices speak twice as long; the one that whispers is left out, and those
    that learned English later.
    """
    return [
        f"{voice}:2" if voice in kokoro.BETTER else voice
        for voice, accent in teacher.voices.items()
        if voice not in kokoro.WHISPERING and not parse_accent(accent).first_language
    ]


def _spoken(texts: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, dict[str, list[Line]]]:
    """Written texts to lines, all normalized in one batch; what has no words is left out."""
    written = dict.fromkeys(
        text for kinds in texts.values() for found in kinds.values() for text in found
    )
    normalized = dict(zip(written, normalize(list(written)), strict=True))
    return {
        voice: {
            kind: [
                Line(kind, text, normalized[text])
                for text in found
                if _can_be_spoken(normalized[text])
            ]
            for kind, found in kinds.items()
        }
        for voice, kinds in texts.items()
    }


def _can_be_spoken(text: str) -> bool:
    return bool(words_of(text)) and "|" not in text and text.isascii()


def _domain_sentences(seed: int) -> list[str]:
    sentences = []
    for name in DOMAINS:
        config = SentencesConfig(domain=Path("prompts") / name, count=_FROM_EACH_DOMAIN)
        sentences += [row.text for row in generate(config, seed) if isinstance(row, Sentence)]
    return sentences


def _common_words(path: Path) -> list[str]:
    """The words of a pronouncing dictionary, once each, in its order."""
    lines = read_lines(path, "a pronouncing dictionary")
    words = (line.split()[0].partition("(")[0] for line in lines if line and line[0] != ";")
    return [word for word in dict.fromkeys(words) if len(word) > 1 or word in "ai"]


def _names(seed: int) -> list[str]:
    names = Faker("en_US")
    names.seed_instance(seed)
    return [f"{names.first_name()} {names.last_name()}" for _ in range(_NAMES)]
