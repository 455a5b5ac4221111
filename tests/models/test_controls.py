"""What is heard of the controls in the shipped voices: each moves its own and leaves the other."""

import functools

import numpy as np
import pytest
import torch

from models.acoustic.vocal_tract import scale_vocal_tract
from models.checkpoint import load_checkpoint
from models.mel import mel_amplitude
from models.phonology.phonemes import tokens_of
from models.phonology.symbols import symbol_ids
from models.training.measured import pitch_of
from models.voice import Controls

PHONEMES = "^ ð ə | ˈoʊ l d | k l ˈɑː k | w ʌ z | n ˈɛ v ɚ | w ˈaʊ n d ."
SPEAKERS = ("kathleen", "an4-msrb")

_load = functools.cache(load_checkpoint)


def _mel(speaker: str, semitones: float, energy: float) -> torch.Tensor:
    """(n_mels, T)."""
    acoustic = _load("fastspeech2")
    ids = torch.from_numpy(symbol_ids(tokens_of(PHONEMES), acoustic.symbols))[None]
    controls = Controls(torch.ones(1), torch.tensor([semitones]), torch.tensor([energy]))
    who = torch.tensor([acoustic.speakers.index(speaker)])
    lengths = torch.tensor([ids.shape[1]])
    mels: torch.Tensor = acoustic.model.synthesize(ids, lengths, who, controls).mels
    return mels[0]


@functools.cache
def _say(speaker: str, semitones: float, energy: float) -> tuple[np.ndarray, np.ndarray]:
    """Pitch (T,) in Hz, 0 where unvoiced, and level (T,) in dB."""
    acoustic, vocoder = _load("fastspeech2"), _load("vocos")
    mel = _mel(speaker, semitones, energy)
    with torch.inference_mode():
        wave = vocoder.model(mel[None])[0].numpy()
    amplitude = mel_amplitude(mel, acoustic.mel).numpy()
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


@pytest.mark.parametrize("length", [0.88, 1.14])
@pytest.mark.parametrize("speaker", SPEAKERS)
def test_vocal_tract_moves_resonances_and_not_pitch(speaker: str, length: float) -> None:
    """The voice is asked for a pitch that the scaling brings back to where it was."""
    acoustic, vocoder = _load("fastspeech2"), _load("vocos")
    pitches, centroids = [], []
    for tract in (1.0, length):
        mel = _mel(speaker, 12 * np.log2(tract), 1.0)
        scaled = scale_vocal_tract(mel.numpy(), tract, acoustic.mel)
        with torch.inference_mode():
            wave = vocoder.model(torch.from_numpy(scaled)[None])[0].numpy()
        pitches.append(pitch_of(wave, acoustic.mel))
        power = np.square(np.abs(np.fft.rfft(wave)))
        hz = np.fft.rfftfreq(len(wave), 1 / acoustic.mel.sample_rate)
        band = (hz > 300) & (hz < 4000)
        centroids.append(float((hz * power)[band].sum() / power[band].sum()))
    plain_hz, scaled_hz = pitches
    voiced = (plain_hz > 0) & (scaled_hz > 0)
    moved = 12 * np.median(np.log2(scaled_hz[voiced] / plain_hz[voiced]))
    assert abs(moved) < 1.2
    assert (centroids[1] < centroids[0]) == (length > 1)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_energy_moves_level_and_not_pitch(speaker: str) -> None:
    pitch_louder, louder = _moved(speaker, 0.0, 1.5)  # 3.5 dB
    pitch_softer, softer = _moved(speaker, 0.0, 0.6)  # -4.4 dB
    assert 1.5 < louder < 4
    assert -5 < softer < -2
    assert max(abs(pitch_louder), abs(pitch_softer)) < 0.5
