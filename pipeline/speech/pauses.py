"""Pauses as long as a text asks for (`<break 300ms>`), made in the spectrogram."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.mel import MelConfig
from models.phonology.alphabets import Tokens
from pipeline.records import Pause


class Paused(NamedTuple):
    """A mel (n_mels, T), its F0 (1, T) or (0, 0), and durations (N,) in frames, one a token."""

    mel: np.ndarray
    pitch_hz: np.ndarray
    durations: np.ndarray


def with_long_pauses(
    paused: Paused, tokens: Tokens, pauses: Sequence[Pause], config: MelConfig, first_word: int = 0
) -> Paused:
    """The pause behind each word that has one becomes as long as it is to be: silence is put into
    its middle, or its middle is cut out. The sentence's words begin at `first_word` of the tokens'.
    """
    for pause in pauses:
        own = np.flatnonzero(tokens.words == first_word + pause.words_before - 1)
        token = int(own[-1]) + 1
        if token >= len(tokens.words) or tokens.words[token] == first_word + pause.words_before:
            continue  # the voice has no pause there
        paused = _resized(paused, token, round(pause.seconds / config.frame_s), config)
    return paused


def _resized(paused: Paused, token: int, num_frames: int, config: MelConfig) -> Paused:
    """With `num_frames` for one token."""
    end = int(paused.durations[: token + 1].sum())
    now = int(paused.durations[token])
    kept = min(now, num_frames)
    before, after = end - now + kept // 2, end - (kept - kept // 2)
    mel, pitch = paused.mel, paused.pitch_hz
    silence = np.full((len(mel), num_frames - kept), config.silence, mel.dtype)
    unvoiced = np.zeros((len(pitch), num_frames - kept if pitch.size else 0), pitch.dtype)
    durations = paused.durations.copy()
    durations[token] = num_frames
    return Paused(
        np.concatenate([mel[:, :before], silence, mel[:, after:]], axis=1),
        np.concatenate([pitch[:, :before], unvoiced, pitch[:, after:]], axis=1),
        durations,
    )
