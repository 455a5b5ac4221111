"""Links that put silence before and after the clip, and take it away."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from pipeline.augment.links.link import AuditShape, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.links.spectrum import band_limit
from pipeline.distributions import Distribution, within

_FRAME_S = 0.01
_LEAST_HZ = 200.0  # where a band that is listened to begins: hum and rumble lie below


@dataclass(frozen=True, kw_only=True)
class Silence(Link, licence="none", audit=AuditShape()):
    """`leading_s` of silence before the clip and `trailing_s` after it. Words move along.

    Noise of later links fills it.
    """

    link: Literal["silence"] = "silence"
    leading_s: Distribution = Distribution(low=0.0, high=0.5)
    trailing_s: Distribution = Distribution(low=0.0, high=0.5)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.leading_s, 0, 60, "leading_s")
        within(self.trailing_s, 0, 60, "trailing_s")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, leading_s: float, trailing_s: float) -> Signal:
        rate = signal.sample_rate
        before, after = round(leading_s * rate), round(trailing_s * rate)
        return signal.each(lambda wave: np.pad(wave, (before, after))).moved(shift_s=before / rate)


@dataclass(frozen=True, kw_only=True)
class Trim(Link, licence="none", audit=AuditShape()):
    """Silence at both ends cut down to `leading_s` and `trailing_s`, where there is more of it, as
    in recordings that are cut to the word. Words move along.

    Silence is what lies `below_db` or more under the clip's loudest 10 ms. With `up_to_hz` levels
    are those of the band from 200 Hz to there, as a device with a narrow band hears them: at the
    ends of a word fricatives, which are strong above 4 kHz alone, are cut off.
    """

    NEEDS_SPEECH: ClassVar[bool] = True

    link: Literal["trim"] = "trim"
    leading_s: Distribution = Distribution(low=0.0, high=0.1)
    trailing_s: Distribution = Distribution(low=0.0, high=0.1)
    below_db: Distribution = Distribution(value=40.0)
    up_to_hz: Distribution | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.leading_s, 0, 60, "leading_s")
        within(self.trailing_s, 0, 60, "trailing_s")
        within(self.below_db, 1, 90, "below_db")
        if self.up_to_hz is not None:
            within(self.up_to_hz, 1000, 96_000, "up_to_hz")

    @staticmethod
    def apply(
        signal: Signal,
        pool: SoundPool,
        *,
        leading_s: float,
        trailing_s: float,
        below_db: float,
        up_to_hz: float | None = None,
    ) -> Signal:
        rate = signal.sample_rate
        assert signal.speech is not None, "a link that trims needs the speech"
        speech = signal.speech
        heard = band_limit(speech, rate, _LEAST_HZ, up_to_hz) if up_to_hz else speech
        first, last = _sounding(heard, max(1, round(_FRAME_S * rate)), below_db)
        first = max(0, first - round(leading_s * rate))
        last = min(len(speech), last + round(trailing_s * rate))
        return signal.each(lambda wave: wave[first:last]).moved(shift_s=-first / rate)


def _sounding(wave: np.ndarray, frame: int, below_db: float) -> tuple[int, int]:
    """The first sample of a wave (S,) that is no silence, and the first after the last one."""
    starts = np.arange(0, len(wave), frame)
    energies = np.add.reduceat(np.square(wave, dtype=np.float64), starts)
    loud = np.flatnonzero(energies >= energies.max() * 10 ** (-below_db / 10))
    return int(starts[loud[0]]), min(len(wave), int(starts[loud[-1]]) + frame)
