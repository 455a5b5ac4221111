"""Links that change the voice: speed, pitch, vocal-tract length."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.augment.links.link import AuditShape, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.links.spectrum import run_transform
from pipeline.distributions import Distribution, within

_FRAME_S = 0.04
_ENVELOPE_HZ = 400.0  # ripples of the spectrum wider than this are formants, finer ones harmonics
_LARGEST_GAIN = 10.0  # 20 dB


@dataclass(frozen=True, kw_only=True)
class Speed(Link, licence="none", audit=AuditShape()):
    """Played `speed` times as fast: shorter and higher, as a tape would be. Words move along."""

    link: Literal["speed"] = "speed"
    speed: Distribution = Distribution(low=0.9, high=1.1)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.speed, 0.25, 4, "speed")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, speed: float) -> Signal:
        import soxr

        rate = signal.sample_rate
        num_samples = max(1, round(len(signal.wave) / speed))

        def change(wave: np.ndarray) -> np.ndarray:
            played = np.asarray(soxr.resample(wave, rate * speed, rate, quality="HQ"), np.float32)
            return np.pad(played, (0, max(0, num_samples - len(played))))[:num_samples]

        return signal.each(change).moved(scale=1 / speed)


@dataclass(frozen=True, kw_only=True)
class Pitch(Link, licence="none", audit=AuditShape()):
    """Higher or lower by `semitones`, formants and all, and as long as before."""

    link: Literal["pitch"] = "pitch"
    semitones: Distribution = Distribution(low=-2.0, high=2.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.semitones, -24, 24, "semitones")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, semitones: float) -> Signal:
        import audiomentations

        def change(wave: np.ndarray) -> np.ndarray:
            shift = audiomentations.PitchShift(method="signalsmith_stretch")
            return run_transform(shift, wave, signal.sample_rate, num_semitones=semitones)

        return signal.each(change)


@dataclass(frozen=True, kw_only=True)
class Formant(Link, licence="none", audit=AuditShape()):
    """Formants `scale` times as high, at the same pitch: a vocal tract that much shorter."""

    link: Literal["formant"] = "formant"
    scale: Distribution = Distribution(low=0.88, high=1.14)

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self.scale, 0.5, 2, "scale")

    @staticmethod
    def apply(signal: Signal, pool: SoundPool, *, scale: float) -> Signal:
        return signal.each(lambda wave: shift_formants(wave, signal.sample_rate, scale))


def shift_formants(wave: np.ndarray, sample_rate: int, scale: float) -> np.ndarray:
    """`wave` (S,) with its spectral envelope stretched by `scale` along frequency.

    The envelope of each frame is its log spectrum smoothed by its cepstrum; the frame is
    multiplied by (stretched envelope / envelope), so harmonics and phases stay where they are.
    """
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    frame = 2 * round(_FRAME_S * sample_rate / 2)
    transform = ShortTimeFFT(hann(frame, sym=False), hop=frame // 4, fs=sample_rate)
    padded = np.pad(wave.astype(np.float64), (0, max(0, 2 * frame - len(wave))))
    spectrum = transform.stft(padded)  # (frequencies, frames)
    envelope = _log_envelope(np.abs(spectrum), round(sample_rate / _ENVELOPE_HZ))
    bins = np.arange(len(envelope))
    below = np.minimum(bins / scale, len(envelope) - 1.0)
    left = np.minimum(below.astype(int), len(envelope) - 2)
    part = (below - left)[:, None]
    stretched = envelope[left] * (1 - part) + envelope[left + 1] * part
    limit = np.log(_LARGEST_GAIN)
    gains = np.exp(np.clip(stretched - envelope, -limit, limit))
    shifted = transform.istft(spectrum * gains, k1=len(padded))
    return np.asarray(shifted[: len(wave)], dtype=np.float32)


def _log_envelope(magnitude: np.ndarray, quefrency: int) -> np.ndarray:
    """Log magnitude (F, T) without what repeats within less than 1/`quefrency` of the rate."""
    floor = 1e-4 * max(float(magnitude.max(initial=0.0)), 1e-12)
    log = np.log(np.maximum(magnitude, floor))
    cepstrum = np.fft.irfft(log, axis=0)
    cepstrum[quefrency:-quefrency] = 0.0
    return np.fft.rfft(cepstrum, axis=0).real
