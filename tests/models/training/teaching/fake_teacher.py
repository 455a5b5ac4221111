"""A teacher that hums: fast, the same every time, an octave higher with a foreign accent; it cannot
say one word.
"""

import time
from collections.abc import Mapping

import numpy as np

from models.engines.engine import Saying, Spoken
from models.errors import DataError
from models.training.teaching.plan import Line

RATE = 24_000


class FakeTeacher:
    name = "fake"
    revision = "fake@1"
    licence = "CC0-1.0"
    voices: Mapping[str, str] = {"ann": "en-us", "bob": "en-gb"}
    reads_phonemes = True

    def __init__(self, takes_s: float = 0.0, peak: float = 0.5) -> None:
        self.takes_s, self.peak = takes_s, peak

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        time.sleep(self.takes_s)
        if "unsayable" in saying.text:
            raise DataError("no symbol for it")
        length = round(RATE * 0.05 * len(saying.text) / speed)
        pitch_hz = (200 if voice == "ann" else 100) * (2 if "+" in saying.accent else 1)
        wave = self.peak * np.sin(2 * np.pi * pitch_hz * np.arange(length) / RATE)
        return Spoken(wave.astype(np.float32), RATE)


def pronounce(text: str, accent: str) -> str:
    return f"^ {accent} ."


def lines(*texts: str) -> list[Line]:
    return [Line("line", text, text) for text in texts]
