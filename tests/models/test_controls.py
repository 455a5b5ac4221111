"""What is heard of the controls in the shipped voices: each moves its own and leaves the other."""

import functools
import math

import numpy as np
import pytest
import torch

from models.acoustic.vocal_tract import scale_vocal_tract
from models.checkpoint import load_checkpoint
from models.mel import mel_amplitude
from models.phonology.phonemes import tokens_of
from models.phonology.symbols import symbol_ids
from models.training.measured import pitch_of
from models.voice import Controls, Speech

PHONEMES = "^ ð ə | ˈoʊ l d | k l ˈɑː k | w ʌ z | n ˈɛ v ɚ | w ˈaʊ n d ."
SPEAKERS = ("kathleen", "kokoro-am_fenrir")

_load = functools.cache(load_checkpoint)


def _speak(speaker: str, semitones: float, energy: float) -> Speech:
    """Mels (1, n_mels, T) and F0 (1, T)."""
    acoustic = _load("fastspeech2")
    ids = torch.from_numpy(symbol_ids(tokens_of(PHONEMES), acoustic.symbols))[None]
    controls = Controls(
        torch.ones(1), torch.tensor([semitones]), torch.tensor([energy]), torch.ones(1)
    )
    who = torch.tensor([acoustic.speakers.index(speaker)])
    lengths = torch.tensor([ids.shape[1]])
    speech: Speech = acoustic.model.synthesize(ids, lengths, who, controls)
    return speech


def _wave(mels: torch.Tensor, pitch_hz: torch.Tensor | None) -> np.ndarray:
    """(S,) of mels (1, n_mels, T) by the default vocoder."""
    with torch.inference_mode():
        return _load("harmonic").vocoder(mels, pitch_hz, [0])[0].numpy()


@functools.cache
def _say(speaker: str, semitones: float, energy: float) -> tuple[np.ndarray, np.ndarray]:
    """Pitch (T,) in Hz, 0 where unvoiced, and level (T,) in dB."""
    mel = _load("fastspeech2").mel
    speech = _speak(speaker, semitones, energy)
    amplitude = mel_amplitude(speech.mels[0], mel).numpy()
    pitch_hz = pitch_of(_wave(speech.mels, speech.pitch_hz), mel)
    return pitch_hz, 10 * np.log10((amplitude**2).sum(axis=0))


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
    assert 2.5 < up < 3.5
    assert -3.5 < down < -2.5
    assert max(abs(level_up), abs(level_down)) < 1.5


@pytest.mark.parametrize("length", [0.88, 1.14])
@pytest.mark.parametrize("speaker", SPEAKERS)
def test_vocal_tract_moves_resonances_and_not_pitch(speaker: str, length: float) -> None:
    """The voice is asked for a pitch that the scaling brings back to where it was."""
    mel = _load("fastspeech2").mel
    speech = _speak(speaker, 12 * math.log2(length), 1.0)
    assert speech.pitch_hz is not None
    scaled = torch.from_numpy(scale_vocal_tract(speech.mels[0].numpy(), length, mel)).float()
    wave = _wave(scaled[None], speech.pitch_hz / length)
    scaled_hz, plain_hz = pitch_of(wave, mel), _say(speaker, 0.0, 1.0)[0]
    voiced = (plain_hz > 0) & (scaled_hz > 0)
    moved = 12 * np.median(np.log2(scaled_hz[voiced] / plain_hz[voiced]))
    assert abs(moved) < 0.5
    before = _envelope(_wave(speech.mels, speech.pitch_hz))
    assert _stretch(before, _envelope(wave)) == pytest.approx(1 / length, abs=0.04)


def _envelope(wave: np.ndarray) -> np.ndarray:
    """Mean log power over loud frames (513,), smoothed so that harmonics do not show."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, 1024)[::256] * np.hanning(1024)
    power = np.square(np.abs(np.fft.rfft(frames)))
    energy = power.sum(axis=1)
    mean = np.log(power[energy > energy.max() * 1e-3] + 1e-9).mean(axis=0)
    window = np.hanning(15)
    return np.convolve(mean, window / window.sum(), "same")


def _stretch(before: np.ndarray, after: np.ndarray) -> float:
    """The factor on frequencies that makes one envelope most like the other, 0.4 to 5 kHz."""
    bins = np.arange(20, 230)
    factors = np.arange(0.75, 1.3, 0.01)
    alike = [
        np.corrcoef(np.interp(bins / factor, np.arange(len(before)), before), after[bins])[0, 1]
        for factor in factors
    ]
    return float(factors[int(np.argmax(alike))])


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_energy_moves_level_and_not_pitch(speaker: str) -> None:
    pitch_louder, louder = _moved(speaker, 0.0, 1.5)  # 3.5 dB
    pitch_softer, softer = _moved(speaker, 0.0, 0.6)  # -4.4 dB
    assert 3 < louder < 4
    assert -5 < softer < -4
    assert max(abs(pitch_louder), abs(pitch_softer)) < 0.5
