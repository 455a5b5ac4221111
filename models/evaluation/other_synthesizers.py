"""Voices of other synthesizers, to be judged beside ours: flite, and the teacher Kokoro-82M."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.engines.engine import Saying
from models.errors import ConfigError
from models.mel import MelConfig
from models.phonology.foreign_accents import parse_accent
from models.phonology.phonemes import Phonemizer
from models.training.measured import trim_and_level
from models.training.teaching.flite import FliteTeacher
from models.training.teaching.kokoro import KokoroTeacher
from models.training.teaching.teacher import Teacher, choose_voices


@dataclass(frozen=True, slots=True)
class OtherSynthesizer:
    """One of its voices."""

    teacher: Teacher
    voice: str

    @property
    def name(self) -> str:
        return self.teacher.name

    @property
    def speaker(self) -> str:
        """As corpora made with it call the voice: `kokoro-af_heart`."""
        return f"{self.teacher.name}-{self.voice}"

    def speak(self, texts: Sequence[str], mel: MelConfig) -> Iterator[np.ndarray]:
        """Each text as a wave (S,) at the rate of `mel`, trimmed and at one level."""
        import soxr

        native = parse_accent(self.teacher.voices[self.voice]).native
        phonemes = Phonemizer(native).phonemize(texts)
        for text, written in zip(texts, phonemes, strict=True):
            wave, rate = self.teacher.speak(Saying(text, written), self.voice, 1.0)
            yield trim_and_level(soxr.resample(wave, rate, mel.sample_rate), mel)


def open_synthesizer(entry: str) -> OtherSynthesizer:
    """`flite:VOICE` or `FOLDER:VOICE`, a folder as `voxloom teach fetch` leaves it. Raises
    `ConfigError` or `DataError`.
    """
    source, found, voice = entry.rpartition(":")
    if not found or not source:
        raise ConfigError(f"beside: {entry}: expected flite:VOICE or FOLDER:VOICE")
    teacher = FliteTeacher() if source == "flite" else KokoroTeacher(Path(source))
    choose_voices(teacher, [voice])
    return OtherSynthesizer(teacher, voice)
