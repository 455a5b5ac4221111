"""What is heard of the controls in the shipped voices: each moves its own and leaves the other."""

import functools

import numpy as np
import pytest
import torch

from models.checkpoint import load_checkpoint
from models.mel import mel_amplitude
from models.phonemes import tokens_of
from models.symbols import symbol_ids
from models.training.features import pitch_of
from models.voice import Controls

PHONEMES = "^ ð ə | ˈoʊ l d | k l ˈɑː k | w ʌ z | n ˈɛ v ɚ | w ˈaʊ n d ."
SPEAKERS = ("kathleen", "an4-msrb")

_load = functools.cache(load_checkpoint)


@functools.cache
def _say(speaker: str, semitones: float, energy: float) -> tuple[np.ndarray, np.ndarray]:
    """Pitch (T,) in Hz, 0 where unvoiced, and level (T,) in dB."""
    acoustic, vocoder = _load("fastspeech2"), _load("vocos")
    ids = torch.from_numpy(symbol_ids(tokens_of(PHONEMES), acoustic.symbols))[None]
    controls = Controls(torch.ones(1), torch.tensor([semitones]), torch.tensor([energy]))
    who = torch.tensor([acoustic.speakers.index(speaker)])
    speech = acoustic.model.synthesize(ids, torch.tensor([ids.shape[1]]), who, controls)
    with torch.inference_mode():
        wave = vocoder.model(speech.mels)[0].numpy()
    amplitude = mel_amplitude(speech.mels[0], acoustic.mel).numpy()
    return pitch_of(wave, acoustic.mel), 10 * np.log10((amplitude**2).sum(axis=0))


def _moved(speaker: str, semitones: float, energy: float) -> tuple[float, float]:
    """By how much pitch (semitones) and level (dB) of speech move: medians over frames."""
    plain_hz, plain_db = _say(speaker, 0.0, 1.0)
    moved_hz, moved_db = _say(speaker, semitones, energy)
    voiced = (plain_hz > 0) & (moved_hz > 0)
    loud = plain_db > plain_db.max() - 25
    pitch = 12 * np.log2(moved_hz[voiced] / plain_hz[voiced])
    return float(np.median(pitch)), float(np.median((moved_db - plain_db)[loud]))


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_pitch_moves_pitch_and_not_level(speaker: str) -> None:
    up, level_up = _moved(speaker, 3.0, 1.0)
    down, level_down = _moved(speaker, -3.0, 1.0)
    assert 2 < up < 4.5
    assert -4.5 < down < -1.8
    assert max(abs(level_up), abs(level_down)) < 1.5


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_energy_moves_level_and_not_pitch(speaker: str) -> None:
    pitch_louder, louder = _moved(speaker, 0.0, 1.5)  # 3.5 dB
    pitch_softer, softer = _moved(speaker, 0.0, 0.6)  # -4.4 dB
    assert 1.5 < louder < 4
    assert -5 < softer < -2
    assert max(abs(pitch_louder), abs(pitch_softer)) < 0.5
