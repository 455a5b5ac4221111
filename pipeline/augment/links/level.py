"""Links that change the level: gain, DC offset, clipping."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.augment.links.link import AuditShape, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.distributions import Distribution, within


@dataclass(frozen=True, kw_only=True)
class Gain(Link, licence="none", audit=AuditShape()):
    """Louder or softer by `gain_db`."""

    link: Literal["gain"] = "gain"
    gain_db: Distribution = Distribution(low=-6.0, high=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.gain_db, -120, 60, "gain_db")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, gain_db: float) -> Signal:
        factor = np.float32(10 ** (gain_db / 20))
        return signal.each(lambda wave: wave * factor)


@dataclass(frozen=True, kw_only=True)
class DcOffset(Link, licence="none", audit=AuditShape()):
    """A constant added to all samples, as cheap sound cards do; `offset` of full scale."""

    link: Literal["dc_offset"] = "dc_offset"
    offset: Distribution = Distribution(low=-0.02, high=0.02)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.offset, -0.5, 0.5, "offset")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, offset: float) -> Signal:
        return signal.each(lambda wave: wave + np.float32(offset))


@dataclass(frozen=True, kw_only=True)
class Clipping(Link, licence="none", audit=AuditShape()):
    """The loudest `percent` of the samples cut off, at the same level above and below.

    (audiomentations' ClippingDistortion rounds the percentage and cuts each side at a level of
    its own.)
    """

    link: Literal["clipping"] = "clipping"
    percent: Distribution = Distribution(low=0.0, high=5.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.percent, 0, 90, "percent")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, percent: float) -> Signal:
        if not len(signal.wave):
            return signal.unchanged()
        level = np.float32(np.percentile(np.abs(signal.wave), 100 - percent))
        return signal.each(lambda wave: np.clip(wave, -level, level), level=float(level))
