"""One corpus of hums and hisses for all training tests, and its features, made once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from accelerate.state import AcceleratorState

from models.mel import MelConfig
from models.training.corpus import CorpusConfig
from models.training.features import Features, prepare_features

RATE = 22050
SENTENCES = (
    "turn on the light",
    "play some music please",
    "what time is it now",
    "set a timer for two minutes",
    "call my mother",
    "good morning to you",
    "open the window a little",
    "how are you doing today",
    "stop the music",
    "close the door behind you",
)
HUM_HZ = {"anna": 220.0, "ben": 110.0}
MEL = MelConfig(n_fft=512, win_length=512, n_mels=40)  # small: the tests train on it


@pytest.fixture(autouse=True)
def _accelerate_starts_anew() -> Iterator[None]:
    """Accelerate fixes a process's precision at its first use; here every test has its own."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@dataclass(frozen=True)
class TrainingCorpus:
    """A corpus folder, the config that reads it, and where its features are cached."""

    config: CorpusConfig
    cache: Path
    features: Features
    reports: tuple[str, ...]


def hum(pitch_hz: float, seed: int, duration_s: float = 1.0) -> np.ndarray:
    """Half a second of harmonics that come and go and hiss between them, then as much again."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 8))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * time_s + rng.uniform(0, 6))
    wave = 0.1 * tone * syllables + 0.02 * rng.standard_normal(len(time_s)) * (1 - syllables)
    quiet = np.zeros(RATE // 10)
    return np.concatenate([quiet, wave, quiet]).astype(np.float32)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> TrainingCorpus:
    root = tmp_path_factory.mktemp("corpus")
    (root / "wavs").mkdir()
    lines = []
    for number, text in enumerate(SENTENCES):
        for speaker, pitch_hz in HUM_HZ.items():
            soundfile.write(root / f"wavs/{speaker}{number}.wav", hum(pitch_hz, number), RATE)
            lines.append(f"{speaker}{number}|{speaker}|{text.title()}!|{text}")
    soundfile.write(root / "wavs/blip.wav", hum(220.0, 0, 0.01), RATE)
    soundfile.write(root / "wavs/nothing.flac", np.zeros(100), RATE)
    lines += ["blip|anna|Hey|hey", "", "nothing|anna|Oh|oh"]
    (root / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    config, cache, reports = CorpusConfig(root, held_out=0.3), root / "cache", list[str]()
    features = prepare_features(config, MEL, cache, reports.append)
    return TrainingCorpus(config, cache, features, tuple(reports))
