"""The user's recordings in the speech stages: nothing is synthesized."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from models.waveform import audible
from pipeline.audio.files import active_speech_level_db, read_audio
from pipeline.records import NO_PITCH, RECORDED_BY, MelClip, Performance, SpokenSentence
from pipeline.sentences.own.recording import OwnRecording

NO_RECORDINGS: Mapping[str, OwnRecording] = MappingProxyType({})
_LEVEL_DB = -26.0  # of active speech, relative to full scale


def label_of_recordings(source: str) -> str:
    """What rows call that which made the waves of a folder."""
    return f"{RECORDED_BY}{source}"


def perform_recording(sentence: SpokenSentence, recording: OwnRecording) -> MelClip:
    """Who says it, without a mel; its words have no times yet."""
    performance = Performance(
        speaker=recording.speaker,
        pace=1.0,
        pitch_semitones=0.0,
        energy=1.0,
        words=(),
        acoustic_model=label_of_recordings(recording.source),
        accent=sentence.accent,
        phonemes=sentence.phonemes,
    )
    return MelClip(sentence.id, performance, NO_PITCH)


def recorded_wave(recording: OwnRecording, sample_rate: int) -> np.ndarray:
    """The recording (S,) without rumble, at the level of all others. Raises `DataError`."""
    wave = audible(read_audio(recording.path, sample_rate), sample_rate)
    level_db = active_speech_level_db(wave, sample_rate)
    gain_db = _LEVEL_DB - level_db if np.isfinite(level_db) else 0.0
    return np.asarray(wave * 10 ** (gain_db / 20), np.float32)
