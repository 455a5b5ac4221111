"""The link that puts silence before and after the clip."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.distributions import Distribution, within
from pipeline.links.link import Link, Place
from pipeline.links.signal import Signal


@dataclass(frozen=True, kw_only=True)
class Silence(Link):
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
    def apply(signal: Signal, place: Place, *, leading_s: float, trailing_s: float) -> Signal:
        rate = signal.sample_rate
        before, after = round(leading_s * rate), round(trailing_s * rate)
        return signal.each(lambda wave: np.pad(wave, (before, after))).moved(shift_s=before / rate)
