"""Noisy speech for training: rooms, noises and levels added to clean recordings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.config import check_ordered, resolve_path
from models.errors import ConfigError
from models.training.measured import read_wave

Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NoisyConfig:
    """What is mixed into the clips of a batch; by default the repository's own sounds.

    `room_share` and `noise_share` are the shares of clips with a room and with a noise, which
    lies `snr_db` (lowest, highest) below the speech; `gain_db` (lowest, highest) changes the level
    of all.
    """

    rooms: Path = Path("sounds/rooms")
    noise: Path = Path("sounds/noise")
    room_share: float = 0.3
    noise_share: float = 0.5
    snr_db: tuple[float, float] = (0.0, 30.0)
    gain_db: tuple[float, float] = (-6.0, 3.0)

    def __post_init__(self) -> None:
        for name in ("room_share", "noise_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: between 0 and 1, found {getattr(self, name)}")
        check_ordered(self, "snr_db", "gain_db")


class NoisySpeech:
    """Rooms and noises held in memory at one sample rate."""

    def __init__(self, config: NoisyConfig, sample_rate: int) -> None:
        self._config = config
        self._rooms = _read_sounds(config.rooms, "rooms", sample_rate)
        self._noises = _read_sounds(config.noise, "noise", sample_rate)

    def __call__(self, wave: Wave, rng: np.random.Generator) -> Wave:
        """Of a wave (S,) in [-1, 1], one as long; the same for the same state of `rng`."""
        config = self._config
        if rng.random() < config.room_share:
            wave = in_room(wave, self._rooms[rng.integers(len(self._rooms))])
        if rng.random() < config.noise_share:
            noise = _cut(self._noises[rng.integers(len(self._noises))], len(wave), rng)
            wave = add_noise(wave, noise, rng.uniform(*config.snr_db))
        return np.clip(wave * 10 ** (rng.uniform(*config.gain_db) / 20), -1, 1).astype(np.float32)


def in_room(wave: Wave, response: Wave) -> Wave:
    """A wave (S,) convolved with a room's impulse response, in step with it and as loud."""
    from scipy.signal import fftconvolve

    first = int(np.abs(response).argmax())
    wet = fftconvolve(wave, response)[first : first + len(wave)]
    return np.asarray(wet * (_rms(wave) / (_rms(wet) + 1e-9)), dtype=np.float32)


def add_noise(wave: Wave, noise: Wave, snr_db: float) -> Wave:
    """Both (S,): the noise is brought to `snr_db` below the wave's own level."""
    gain = _rms(wave) / (_rms(noise) + 1e-9) * 10 ** (-snr_db / 20)
    return np.asarray(wave + gain * noise, dtype=np.float32)


def _cut(noise: Wave, length: int, rng: np.random.Generator) -> Wave:
    """A part of the noise, which goes round where it is shorter."""
    first = int(rng.integers(len(noise)))
    return np.take(noise, np.arange(first, first + length), mode="wrap")


def _rms(wave: Wave) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))


def _read_sounds(folder: Path, key: str, sample_rate: int) -> list[Wave]:
    paths = sorted(resolve_path(folder).rglob("*.flac")) + sorted(
        resolve_path(folder).rglob("*.wav")
    )
    if not paths:
        raise ConfigError(f"augment.{key}: {folder} holds no .flac or .wav")
    return [read_wave(path, sample_rate) for path in paths]
