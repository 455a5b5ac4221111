"""Links of transmission: telephone lines, radios, lost packets."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from pipeline.audio.files import active_speech_level_db, rms_db
from pipeline.augment.links.codec import through_codec
from pipeline.augment.links.link import AuditShape, Drawn, Link, SoundPool, draw_seed
from pipeline.augment.links.signal import Signal
from pipeline.augment.links.spectrum import band_limit, check_band, run_transform
from pipeline.distributions import Choice, Distribution, only, within

_FADE_A_PACKET = 0.5  # what is repeated for lost packets gets softer


@dataclass(frozen=True, kw_only=True)
class Telephone(Link, licence="none", audit=AuditShape()):
    """A telephone line: a band of about 300 to 3400 Hz, then G.711 or GSM at 8 kHz."""

    link: Literal["telephone"] = "telephone"
    low_hz: Distribution = Distribution(low=250.0, high=350.0)
    high_hz: Distribution = Distribution(low=3200.0, high=3600.0)
    codec: Choice = Choice(choice={"mu_law": 1.0, "a_law": 1.0, "gsm": 0.5})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_band(self.low_hz, self.high_hz)
        only(self.codec, ("mu_law", "a_law", "gsm", "adpcm"), "codec")

    @staticmethod
    def apply(
        signal: Signal, pool: SoundPool, *, low_hz: float, high_hz: float, codec: str
    ) -> Signal:
        rate = signal.sample_rate
        return signal.each(
            lambda wave: through_codec(band_limit(wave, rate, low_hz, high_hz), rate, codec)
        )


@dataclass(frozen=True, kw_only=True)
class Radio(Link, licence="none", audit=AuditShape(skipped=("seed",))):
    """A voice radio: a narrow band, an overdriven amplifier, and hiss `hiss_db` below the speech.

    `drive` is audiomentations' amount of tanh distortion, 0 to 1.
    """

    NEEDS_SPEECH: ClassVar[bool] = True

    link: Literal["radio"] = "radio"
    low_hz: Distribution = Distribution(low=300.0, high=500.0)
    high_hz: Distribution = Distribution(low=2300.0, high=3200.0)
    drive: Distribution = Distribution(low=0.05, high=0.5)
    hiss_db: Distribution = Distribution(low=15.0, high=40.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_band(self.low_hz, self.high_hz)
        within(self.drive, 0, 1, "drive")
        within(self.hiss_db, -10, 120, "hiss_db")

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        return super().draw(rng, pool, num_samples) | {"seed": draw_seed(rng)}

    @staticmethod
    def apply(
        signal: Signal,
        pool: SoundPool,
        *,
        low_hz: float,
        high_hz: float,
        drive: float,
        hiss_db: float,
        seed: int,
    ) -> Signal:
        import audiomentations

        rate = signal.sample_rate

        def change(wave: np.ndarray) -> np.ndarray:
            narrow = band_limit(wave, rate, low_hz, high_hz)
            if not np.any(narrow):
                return narrow
            tanh = audiomentations.TanhDistortion()
            driven = run_transform(tanh, narrow, rate, distortion_amount=drive)
            return band_limit(driven, rate, low_hz, high_hz)

        received = signal.each(change)
        assert received.speech is not None, "a radio needs the speech"
        level_db = active_speech_level_db(received.speech, rate)
        hiss = np.random.default_rng(seed).standard_normal(len(received.wave)).astype(np.float32)
        hiss = band_limit(hiss, rate, low_hz, high_hz)
        if not np.isfinite(level_db) or not np.any(hiss):
            return received
        return received.with_noise(
            hiss * np.float32(10 ** ((level_db - hiss_db - rms_db(hiss)) / 20))
        )


@dataclass(frozen=True, kw_only=True)
class PacketLoss(Link, licence="none", audit=AuditShape(skipped=("seed",))):
    """A share `loss` of the packets never arrives, `burst` of them on end on average.

    After Gilbert: a line is good or bad, and bad for `burst` packets. What is missing is
    silent, or the last packet again and again, each time half as loud.
    """

    link: Literal["packet_loss"] = "packet_loss"
    loss: Distribution = Distribution(low=0.01, high=0.1, scale="log")
    burst: Distribution = Distribution(low=1.0, high=3.0)
    packet_ms: Distribution = Distribution(value=20.0)
    concealment: Choice = Choice(choice={"silence": 1.0, "repeat": 1.0})

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.loss, 0, 0.9, "loss")
        within(self.burst, 1, 50, "burst")
        within(self.packet_ms, 2.5, 200, "packet_ms")
        only(self.concealment, ("silence", "repeat"), "concealment")
        self._check_can_be_lost()

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        return super().draw(rng, pool, num_samples) | {"seed": draw_seed(rng)}

    @staticmethod
    def apply(
        signal: Signal,
        pool: SoundPool,
        *,
        loss: float,
        burst: float,
        packet_ms: float,
        concealment: str,
        seed: int,
    ) -> Signal:
        packet = max(1, round(packet_ms / 1000 * signal.sample_rate))
        lost = lost_packets(-(-len(signal.wave) // packet), loss, burst, seed)
        share = float(np.mean(lost)) if len(lost) else 0.0
        fade = _FADE_A_PACKET if concealment == "repeat" else 0.0
        return signal.each(lambda wave: _conceal(wave, lost, packet, fade), loss=share)

    def _check_can_be_lost(self) -> None:
        """Raise `ValueError` for a loss with bursts so short that the packets between are fewer."""
        loss, burst = self.loss.bounds[1], self.burst.bounds[0]
        most = burst / (burst + 1.0)
        if loss > most:
            raise ValueError(
                f"loss: up to {loss:g} with burst from {burst:g}; between two bursts one packet at "
                f"least arrives, so at most burst / (burst + 1) = {most:.3g} is allowed"
            )


def lost_packets(num_packets: int, loss: float, burst: float, seed: int) -> np.ndarray:
    """(num_packets,) bool: which are lost. The first never is: nothing precedes it."""
    draws = np.random.default_rng(seed).random(num_packets)
    recovers = 1.0 / burst
    fails = min(1.0, recovers * loss / (1.0 - loss))
    lost = np.zeros(num_packets, dtype=bool)
    for packet in range(1, num_packets):
        lost[packet] = draws[packet] >= recovers if lost[packet - 1] else draws[packet] < fails
    return lost


def _conceal(wave: np.ndarray, lost: np.ndarray, packet: int, fade: float) -> np.ndarray:
    received = np.pad(wave, (0, len(lost) * packet - len(wave))).reshape(len(lost), packet)
    for index in np.flatnonzero(lost):
        received[index] = received[index - 1] * np.float32(fade)
    return received.reshape(-1)[: len(wave)]
