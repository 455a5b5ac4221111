"""Links that put the clip into a room: responses from files, and simulated rooms."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from pipeline.audio.files import active_speech_level_db
from pipeline.augment.links.link import AuditShape, Drawn, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.sounds.room_responses import convolve, direct_sample, rt60_s
from pipeline.augment.sounds.simulated_rooms import ShoeBox, direct_delay, room_response
from pipeline.distributions import Distribution, within


@dataclass(frozen=True, kw_only=True)
class RoomResponse(Link, licence="room", audit=AuditShape(recordings="source")):
    """Convolution with a response from `folder`, drawn uniformly; the speech level is kept."""

    NEEDS_SPEECH: ClassVar[bool] = True

    link: Literal["room_response"] = "room_response"
    folder: Path

    def folders(self) -> dict[str, Path]:
        return {str(self.folder): self.folder}

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        sounds = pool.part(str(self.folder)).sounds
        return {"source": sounds[int(rng.random() * len(sounds))].source}

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, source: str) -> Signal:
        response = pool.wave(source)
        return in_room(signal, response, direct_sample(response))


@dataclass(frozen=True, kw_only=True)
class SimulatedRoom(Link, licence="none", audit=AuditShape()):
    """A rectangular room of pyroomacoustics, with someone speaking `distance_m` from a microphone.

    Walls absorb as Sabine's formula asks for `rt60_s`. Where both stand is drawn; a distance that
    the room is too small for becomes the largest that fits.
    """

    NEEDS_SPEECH: ClassVar[bool] = True

    link: Literal["simulated_room"] = "simulated_room"
    length_m: Distribution = Distribution(low=3.0, high=8.0)
    width_m: Distribution = Distribution(low=2.5, high=6.0)
    height_m: Distribution = Distribution(low=2.3, high=3.5)
    rt60_s: Distribution = Distribution(low=0.15, high=0.7)
    distance_m: Distribution = Distribution(low=0.3, high=3.0, scale="log")

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("length_m", "width_m", "height_m"):
            within(getattr(self, key), 1.5, 50, key)
        within(self.rt60_s, 0.05, 3, "rt60_s")
        within(self.distance_m, 0.05, 30, "distance_m")

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        where = {name: float(rng.random()) for name in ("direction", "along", "across")}
        return super().draw(rng, pool, num_samples) | where

    @staticmethod
    def apply(
        signal: Signal,
        pool: SoundPool,
        *,
        length_m: float,
        width_m: float,
        height_m: float,
        rt60_s: float,
        distance_m: float,
        direction: float,
        along: float,
        across: float,
    ) -> Signal:
        room = ShoeBox(
            (length_m, width_m, height_m), rt60_s, distance_m, direction, (along, across)
        )
        rate = signal.sample_rate
        return in_room(signal, room_response(room, rate), direct_delay(room, rate))


def in_room(signal: Signal, response: np.ndarray, direct: int) -> Signal:
    """`signal` as heard through `response` (H,), in which the direct sound arrives at the sample
    `direct`: as long, in time with itself, and with the active level that the speech had."""
    assert signal.speech is not None, "a room needs the speech"
    rate = signal.sample_rate
    reverberant = signal.each(lambda wave: convolve(wave, response, direct))
    assert reverberant.speech is not None
    before = active_speech_level_db(signal.speech, rate)
    after = active_speech_level_db(reverberant.speech, rate)
    if not np.isfinite(before) or not np.isfinite(after):
        return signal.each(np.zeros_like, rt60_s=None)
    factor = np.float32(10 ** ((before - after) / 20))
    return reverberant.each(lambda wave: wave * factor, rt60_s=rt60_s(response, rate))
