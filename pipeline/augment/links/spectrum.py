"""Links that colour the sound: equalizer, band limits, microphone. Filters by audiomentations."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipeline.augment.links.link import AuditShape, Drawn, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.distributions import Distribution, within

# Geometric centres of the bands of audiomentations' SevenBandParametricEQ, in Hz.
BANDS_HZ = (63.0, 136.0, 294.0, 632.0, 1363.0, 2936.0, 6324.0)
_BAND_Q = 0.7
_SHELF_Q = 0.7
_STEEP_DB, _GENTLE_DB = 24, 12  # an octave
_SHORTEST = 256  # samples: filters that run in both directions want a few
_HIGHEST = 0.45  # of the sample rate: a filter is not put nearer to its half


@dataclass(frozen=True, kw_only=True)
class Equalizer(Link, licence="none", audit=AuditShape()):
    """Seven bands an octave or so apart, each raised or lowered by its own draw of `gain_db`."""

    link: Literal["equalizer"] = "equalizer"
    gain_db: Distribution = Distribution(low=-6.0, high=6.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.gain_db, -40, 40, "gain_db")

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        return {"gains_db": [self.gain_db.draw(rng) for _ in BANDS_HZ]}

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, gains_db: list[float]) -> Signal:
        return signal.each(lambda wave: equalize(wave, signal.sample_rate, gains_db))


@dataclass(frozen=True, kw_only=True)
class BandLimit(Link, licence="none", audit=AuditShape()):
    """Nothing below `low_hz` and above `high_hz`, by 24 dB an octave and without delay."""

    link: Literal["band_limit"] = "band_limit"
    low_hz: Distribution = Distribution(low=50.0, high=300.0, scale="log")
    high_hz: Distribution = Distribution(low=3000.0, high=8000.0, scale="log")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_band(self.low_hz, self.high_hz)

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, low_hz: float, high_hz: float) -> Signal:
        return signal.each(lambda wave: band_limit(wave, signal.sample_rate, low_hz, high_hz))


@dataclass(frozen=True, kw_only=True)
class Microphone(Link, licence="none", audit=AuditShape()):
    """A small microphone: few lows, few highs, and a resonance of `peak_db` at `peak_hz`.

    For measured microphones put their impulse responses into a folder of `room_response`.
    """

    link: Literal["microphone"] = "microphone"
    low_cut_hz: Distribution = Distribution(low=40.0, high=250.0, scale="log")
    peak_hz: Distribution = Distribution(low=1500.0, high=6000.0, scale="log")
    peak_db: Distribution = Distribution(mean=4.0, std=3.0, low=-3.0, high=12.0)
    high_cut_hz: Distribution = Distribution(low=5000.0, high=12000.0, scale="log")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_band(self.low_cut_hz, self.high_cut_hz, "low_cut_hz", "high_cut_hz")
        within(self.peak_hz, 20, 20_000, "peak_hz")
        within(self.peak_db, -40, 40, "peak_db")

    @staticmethod
    def apply(
        signal: Signal,
        pool: SoundPool,
        *,
        low_cut_hz: float,
        peak_hz: float,
        peak_db: float,
        high_cut_hz: float,
    ) -> Signal:
        rate = signal.sample_rate

        def change(wave: np.ndarray) -> np.ndarray:
            limited = band_limit(wave, rate, low_cut_hz, high_cut_hz, slope_db=_GENTLE_DB)
            return _peak(limited, rate, peak_hz, peak_db, q=1.0)

        return signal.each(change)


def equalize(wave: np.ndarray, sample_rate: int, gains_db: list[float]) -> np.ndarray:
    """`wave` (S,) with `gains_db`, one for each of `BANDS_HZ`; bands it cannot hold are left."""
    import audiomentations

    shelves = {
        0: audiomentations.LowShelfFilter,
        len(BANDS_HZ) - 1: audiomentations.HighShelfFilter,
    }
    for band, (centre_hz, gain_db) in enumerate(zip(BANDS_HZ, gains_db, strict=True)):
        if centre_hz > _HIGHEST * sample_rate:
            break
        if band in shelves:
            settings = {"center_freq": centre_hz, "gain_db": gain_db, "q_factor": _SHELF_Q}
            wave = run_transform(shelves[band](), wave, sample_rate, **settings)
        else:
            wave = _peak(wave, sample_rate, centre_hz, gain_db, _BAND_Q)
    return wave


def band_limit(
    wave: np.ndarray, sample_rate: int, low_hz: float, high_hz: float, slope_db: int = _STEEP_DB
) -> np.ndarray:
    """`wave` (S,) without what lies outside `low_hz` to `high_hz`, in time with itself."""
    import audiomentations

    high_pass = audiomentations.HighPassFilter(zero_phase=True)
    limited = run_transform(high_pass, wave, sample_rate, cutoff_freq=low_hz, rolloff=slope_db)
    if high_hz >= _HIGHEST * sample_rate:
        return limited
    low_pass = audiomentations.LowPassFilter(zero_phase=True)
    return run_transform(low_pass, limited, sample_rate, cutoff_freq=high_hz, rolloff=slope_db)


def run_transform(
    transform: Any, wave: np.ndarray, sample_rate: int, **parameters: Any
) -> np.ndarray:
    """`wave` (S,) through a fresh audiomentations transform with just these `parameters`.

    Its `apply` is a pure function of them; drawing, which it does from the global generators of
    `random` and numpy, is left out.
    """
    transform.parameters = {"should_apply": True, **parameters}
    padded = np.pad(wave, (0, max(0, _SHORTEST - len(wave)))).astype(np.float32, copy=False)
    return np.asarray(transform.apply(padded, sample_rate), dtype=np.float32)[: len(wave)]


def check_band(
    low: Distribution, high: Distribution, low_key: str = "low_hz", high_key: str = "high_hz"
) -> None:
    """Raise `ValueError` unless every low edge that may be drawn lies below every high one."""
    within(low, 1, 20_000, low_key)
    within(high, 100, 96_000, high_key)
    if low.bounds[1] >= high.bounds[0]:
        raise ValueError(f"{low_key}: up to {low.bounds[1]:g}; must stay below {high_key}")


def _peak(
    wave: np.ndarray, sample_rate: int, centre_hz: float, gain_db: float, q: float
) -> np.ndarray:
    import audiomentations

    centre_hz = min(centre_hz, _HIGHEST * sample_rate)
    settings = {"center_freq": centre_hz, "gain_db": gain_db, "q_factor": q}
    return run_transform(audiomentations.PeakingFilter(), wave, sample_rate, **settings)
