"""Audio seconds a second of one core, for every link and for a whole chain.

    python -m benchmarks.augment [--seconds 3] [--clips 20] [--config configs/build/rough.yaml]

Each link is applied to every clip with parameters drawn anew; what is decoded once is decoded
before. Beside it stands audiomentations alone, where it has the like. Time is that of the
processor, so other work on the machine does not count. The last row is the chain of the config with
its probabilities, beside audiomentations with what it has of it.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.config import build
from models.evaluation.tables import markdown_table
from pipeline.augment.augmenter import Augmenter
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links import LINKS
from pipeline.augment.links.link import Link
from pipeline.build.config import load_build_config

RATE = 22050
_FOLDERS = {
    "background_noise": "sounds/noise",
    "babble": "sounds/noise",
    "room_response": "sounds/rooms",
}
_CODECS = ("mu_law", "gsm", "mp3", "opus", "vorbis")
_ROOMS: Mapping[str, Any] = {
    "min_size_x": 3,
    "max_size_x": 8,
    "min_size_y": 2.5,
    "max_size_y": 6,
    "min_size_z": 2.3,
    "max_size_z": 3.5,
    "min_target_rt60": 0.15,
    "max_target_rt60": 0.7,
    "calculation_mode": "rt60",
    "p": 1.0,
}
_Work = Callable[[np.ndarray, int], object]


def clips_of(count: int, seconds: float) -> list[np.ndarray]:
    """Bursts of coloured noise with pauses, as interrupted as speech; each (S,) float32."""
    rng = np.random.default_rng(0)
    time_s = np.arange(round(seconds * RATE)) / RATE
    gate = np.clip(3 * np.sin(2 * np.pi * 2.3 * time_s), 0, 1)
    return [
        (0.2 * gate * np.cumsum(rng.standard_normal(len(gate))) / np.sqrt(RATE)).astype(np.float32)
        for _ in range(count)
    ]


def measure(clips: Sequence[np.ndarray], config: AugmentConfig) -> list[list[str]]:
    """The rows of the table."""
    peers = peers_of()
    rows = []
    for name, links in _each_link().items():
        peer = peers.get(name)
        rows.append([name, _speed(clips, _ours(links)), _speed(clips, peer) if peer else ""])
    chain = _compose(config.links, peers)
    rows.append(["whole chain", _speed(clips, _ours(config.links)), _speed(clips, chain)])
    return rows


def peers_of() -> dict[str, _Work]:
    """Link -> the like of audiomentations, over the same range of parameters."""
    import audiomentations as peers

    like: Mapping[str, Any] = {
        "speed": peers.Resample(round(RATE * 0.9), round(RATE * 1.1), p=1.0),
        "pitch": peers.PitchShift(-2, 2, p=1.0),
        "room_response": peers.ApplyImpulseResponse("sounds/rooms", p=1.0),
        "simulated_room": peers.RoomSimulator(**_ROOMS),
        "background_noise": peers.AddBackgroundNoise("sounds/noise", 5, 25, p=1.0),
        "equalizer": peers.SevenBandParametricEQ(-6, 6, p=1.0),
        "band_limit": peers.Compose(
            [
                peers.HighPassFilter(50, 300, 24, 24, zero_phase=True, p=1.0),
                peers.LowPassFilter(3000, 8000, 24, 24, zero_phase=True, p=1.0),
            ]
        ),
        "gain": peers.Gain(-6, 0, p=1.0),
        "clipping": peers.ClippingDistortion(0, 5, p=1.0),
        "codec mp3": peers.Mp3Compression(8, 64, backend="fast-mp3-augment", p=1.0),
    }
    return {name: _peer(transform) for name, transform in like.items()}


def _peer(transform: Any) -> _Work:
    return lambda wave, index: transform(samples=wave, sample_rate=RATE)


def _each_link() -> dict[str, tuple[Link, ...]]:
    """Every kind of link as it is if a config says nothing more, and every family of codecs."""
    sections = {
        name: {"link": name, **({"folder": _FOLDERS[name]} if name in _FOLDERS else {})}
        for name in LINKS
        if name != "codec"
    }
    sections |= {f"codec {name}": {"link": "codec", "codec": name} for name in _CODECS}
    return {
        name: build(AugmentConfig, {"chain": [section]}, "benchmark").links
        for name, section in sections.items()
    }


def _ours(links: Sequence[Link]) -> _Work:
    augmenter = Augmenter(AugmentConfig(chain=tuple(links)), RATE)  # type: ignore[arg-type]
    return lambda wave, index: augmenter.augment(str(index), wave, 1)


def _compose(links: Sequence[Link], peers: Mapping[str, _Work]) -> _Work:
    """What audiomentations has of the chain, each link in as many of the clips."""
    like = []
    for link in links:
        name = str(getattr(link, "link", ""))
        if peer := peers.get("codec mp3" if name == "codec" else name):
            like.append((peer, link.probability))
    chance = np.random.default_rng(1)

    def work(wave: np.ndarray, index: int) -> object:
        for peer, probability in like:
            if chance.random() < probability:
                peer(wave, index)
        return None

    return work


def _speed(clips: Sequence[np.ndarray], work: _Work) -> str:
    for index, wave in enumerate(clips):  # whatever is loaded or decoded once
        work(wave, index)
    started = time.process_time()
    for index, wave in enumerate(clips):
        work(wave, index)
    spent = time.process_time() - started
    return f"{sum(len(wave) for wave in clips) / RATE / max(spent, 1e-9):,.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--config", type=Path, default=Path("configs/build/rough.yaml"))
    asked = parser.parse_args(arguments)
    config = load_build_config(asked.config).augment
    table = measure(clips_of(asked.clips, asked.seconds), config)
    print(markdown_table(["link", "voxloom", "audiomentations"], table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
