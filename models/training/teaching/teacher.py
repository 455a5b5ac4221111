"""The teacher protocol: a system with voices that speaks a sentence at a given pace."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from models.engines.engine import Saying, Spoken
from models.errors import ConfigError


class Teacher(Protocol):
    """Synthesizes one sentence a call; two calls with the same arguments give the same wave.

    A teacher is sent to worker processes: it must pickle, and load its model when it first
    speaks. `voices` gives each voice's accent, by espeak-ng's names; with the first language of one
    that learned English later (`en-us+fr`).
    """

    name: str  # what a speaker's name begins with: `kokoro-af_heart`
    revision: str  # which model it is: a digest or a version
    licence: str
    voices: Mapping[str, str]
    reads_phonemes: bool  # or the words alone, which it says with its own phonemes

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        """Say it in `voice`, `speed` times as fast as usual. Raises `DataError` when it cannot."""
        ...


def check_accented(teacher: Teacher, share: float) -> None:
    """Raise `ConfigError` for a share of foreign accents where a teacher cannot be given any."""
    if share > 0 and not teacher.reads_phonemes:
        raise ConfigError(
            f"--accented {share:g}: {teacher.name} reads words, not phonemes, so it has no "
            "foreign accents; leave --accented out, or take --teacher kokoro"
        )


def choose_voices(teacher: Teacher, asked: Sequence[str]) -> dict[str, float]:
    """Voices and weights of `NAME` and `NAME:WEIGHT`: one of weight 2 speaks twice as long.

    Raises `ConfigError` naming a voice that the teacher lacks, or a weight that is not above 0.
    """
    voices = {}
    for entry in asked:
        name, _, weight = entry.partition(":")
        if name not in teacher.voices:
            allowed = ", ".join(teacher.voices)
            raise ConfigError(f"voice {name}: {teacher.name} has no such voice; allowed: {allowed}")
        voices[name] = _weight(entry, weight or "1")
    return voices


def _weight(entry: str, written: str) -> float:
    try:
        weight = float(written)
    except ValueError:
        weight = 0.0
    if not 0 < weight < float("inf"):
        raise ConfigError(f"voice {entry}: the weight must be a number above 0, found {written}")
    return weight
