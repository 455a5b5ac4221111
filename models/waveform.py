"""What of a recording is heard: channels made one, and no offset or rumble below hearing.

S samples, C channels.
"""

import functools

import numpy as np

_LOWEST_HZ = 20.0
_EDGE_S = 0.1  # mirrored at both ends, so that the filter has no step to answer
_CANCELLED = 0.1  # of the power that independent channels leave in their mean


def audible(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """`wave` (S,) without offset and without what lies below 20 Hz; float32, in its own time.

    A Butterworth high pass forwards and backwards: 6 dB down at 20 Hz, 48 dB an octave below.
    """
    if len(wave) < 2:
        return np.zeros_like(wave, dtype=np.float32)
    edge = min(len(wave) - 1, round(_EDGE_S * sample_rate))
    padded = np.pad(wave.astype(np.float64), edge, mode="reflect", reflect_type="odd")
    filtered = _backwards(_backwards(padded, sample_rate), sample_rate)
    return np.asarray(filtered[edge : len(filtered) - edge], dtype=np.float32)


def _backwards(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """`wave` (S,) high-passed, in reverse: half of scipy's `sosfiltfilt`, which would find the
    state that the filter begins in anew for every wave, in half of its time.
    """
    from scipy.signal import sosfilt

    sections, state = _high_pass(sample_rate)
    return np.asarray(sosfilt(sections, wave, zi=state * wave[0])[0][::-1])


def mono(frames: np.ndarray) -> np.ndarray:
    """(S, C) -> (S,) float32: the mean of the channels, or the loudest where they cancel out."""
    if channels_cancel(frames):
        return np.ascontiguousarray(frames[:, _powers(frames).argmax()], dtype=np.float32)
    return frames.mean(axis=1, dtype=np.float32)


def channels_cancel(frames: np.ndarray) -> bool:
    """Whether the channels of `frames` (S, C) are each other's opposite, so that their mean is
    far softer than that of unlike channels would be: a wire swapped, or a voice taken out.
    """
    num_samples, channels = frames.shape
    if channels < 2 or not num_samples:
        return False
    whole = float(_powers(frames).mean())
    left = float(_powers(frames.mean(axis=1, dtype=np.float64)[:, None])[0])
    return whole > 0 and left < _CANCELLED * whole / channels


def peak_db(wave: np.ndarray) -> float:
    """The largest sample of `wave` (S,) in dB relative to full scale; -inf for silence."""
    with np.errstate(divide="ignore"):
        return float(20 * np.log10(np.abs(wave).max(initial=0.0)))


def _powers(frames: np.ndarray) -> np.ndarray:
    """Of each channel, without its offset: (S, C) -> (C,)."""
    return np.asarray(frames.var(axis=0, dtype=np.float64))


@functools.cache
def _high_pass(sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Its second-order sections, and the state they are in after a long constant of 1."""
    from scipy.signal import butter, sosfilt_zi

    sections = butter(4, _LOWEST_HZ, "highpass", fs=sample_rate, output="sos")
    return sections, sosfilt_zi(sections)
