"""A link of each kind, over sounds of a second, and waves like speech to try them on."""

from pathlib import Path

import numpy as np
import soundfile

from models.config import build
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links import LINKS, AnyLink

RATE = 16000
NEEDS_FOLDER = {"background_noise": "noise", "babble": "talk", "room_response": "rooms"}
QUICK = {
    "background_noise": {"count": {"choice": {1: 1, 3: 1}}},
    "babble": {"voices": {"choice": {2: 1, 4: 1}}},
    "simulated_room": {"rt60_s": {"low": 0.05, "high": 0.1}},
    "silence": {"leading_s": {"low": 0, "high": 0.05}, "trailing_s": {"low": 0, "high": 0.05}},
    "trim": {"leading_s": {"low": 0, "high": 0.02}, "trailing_s": {"low": 0, "high": 0.02}},
    "codec": {"codec": {"choice": dict.fromkeys(["mu_law", "a_law", "gsm", "adpcm"], 1)}},
}
QUICK["codec"]["codec"]["choice"] |= {"mp3": 3, "opus": 2, "vorbis": 2}


def words(duration_s: float = 1.0, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """Vowel-like bursts of a falling pitch with pauses between them, (S,) float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * rate)) / rate
    phase = 2 * np.pi * np.cumsum(120 + 60 * np.cos(3 * time)) / rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    gate = np.clip(2 * np.sin(2 * np.pi * (2 + rng.random()) * time), 0, 1)
    return (0.5 * voice * gate / np.abs(voice * gate).max()).astype(np.float32)


def write_sounds(folder: Path) -> None:
    """Noise of two classes, speech and rooms, four of each."""
    rng = np.random.default_rng(0)
    decay = np.exp(-np.arange(RATE // 8) / (0.02 * RATE))
    for index in range(4):
        hiss = 0.1 * rng.standard_normal(RATE)
        sounds = {
            f"noise/hiss/{index}.wav": hiss,
            f"noise/hum/{index}.wav": np.convolve(hiss, np.ones(40) / 40, "same"),
            f"talk/{index}.wav": words(1.0, seed=10 + index),
            f"rooms/{index}.wav": 0.2 * decay * rng.standard_normal(len(decay)),
        }
        for name, wave in sounds.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, wave, RATE, subtype="FLOAT")


def link_of(kind: str, folder: Path, probability: float = 1.0, **settings: object) -> AnyLink:
    """A link over the sounds that `write_sounds` put into `folder`."""
    where = {"folder": str(folder / NEEDS_FOLDER[kind])} if kind in NEEDS_FOLDER else {}
    section = {"link": kind, "probability": probability, **where, **QUICK.get(kind, {}), **settings}
    return build(AugmentConfig, {"chain": [section]}, "test").chain[0]


def every_link(folder: Path, probability: float = 1.0) -> list[AnyLink]:
    write_sounds(folder)
    return [link_of(kind, folder, probability) for kind in LINKS]
