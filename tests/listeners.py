"""Listeners that stand for Whisper, whose package and weights the tests do without."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from models.evaluation.speech import Spoken, Voices


class HearsOneText:
    """Hears the same words in every wave, and is as sure of whatever is meant."""

    def __init__(self, text: str, surprisal: float = 0.0) -> None:
        self._text, self._surprisal = text, surprisal

    def transcribe(self, wave: np.ndarray) -> str:
        return self._text

    def surprisal(self, wave: np.ndarray, text: str) -> float | None:
        return self._surprisal

    def log_likelihoods(self, wave: np.ndarray, texts: Sequence[str]) -> list[float] | None:
        return [0.0] * len(texts)


def between_silences(num_frames: int, gain: float) -> Callable[..., list[Spoken]]:
    """What `Voices.speak_with_pitch` says, times `gain`, between silences of so many frames."""
    speak = Voices.speak_with_pitch

    def disguised(voices: Voices, *said: Any) -> list[Spoken]:
        silence = np.zeros(num_frames * voices.vocoder.mel.hop_length, np.float32)
        return [
            one._replace(wave=np.concatenate([silence, gain * one.wave, silence]))
            for one in speak(voices, *said)
        ]

    return disguised
