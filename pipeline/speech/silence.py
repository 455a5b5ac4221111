"""Clips without speech: white noise, drawn by the row's id."""

import numpy as np

from pipeline.randomness import rng_for
from pipeline.records import NO_PITCH, NOBODY, SILENCE, MelClip, Performance, SpokenSentence
from pipeline.sentences.negatives.silence_config import SilenceConfig


def perform_silence(sentence: SpokenSentence) -> MelClip:
    """Nobody, without a mel."""
    performance = Performance(
        speaker=NOBODY,
        pace=1.0,
        pitch_semitones=0.0,
        energy=1.0,
        words=(),
        acoustic_model=NOBODY,
        accent=NOBODY,
    )
    return MelClip(sentence.id, performance, NO_PITCH)


def silent_wave(config: SilenceConfig, id: str, seed: int, sample_rate: int) -> np.ndarray:
    """White hiss (S,) of the length and level that are drawn for the row `id`."""
    rng = rng_for(seed, SILENCE, id)
    duration_s, level_db = config.duration_s.draw(rng), config.level_db.draw(rng)
    hiss = rng.standard_normal(round(duration_s * sample_rate), np.float32)
    return hiss * np.float32(10 ** (level_db / 20))
