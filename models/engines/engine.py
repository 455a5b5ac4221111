"""The protocol of an engine: a synthesizer of others, which says a sentence at a given pace."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np


class Spoken(NamedTuple):
    """A wave (S,) float32 and its rate in Hz. Its peak may lie above 1."""

    wave: np.ndarray
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be said: spoken text, and its phoneme string in an accent."""

    text: str
    phonemes: str
    accent: str = "en-us"


class Engine(Protocol):
    """Says one sentence after the other; two calls with the same arguments give the same wave.

    Safe to call from several threads.
    """

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        """Say it in `voice`, `speed` times as fast as usual. Raises `DataError` when it cannot."""
        ...
