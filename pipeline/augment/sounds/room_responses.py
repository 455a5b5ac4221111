"""Room responses: where the direct sound lies, how long the room rings, what a wave becomes.

H samples of a response, S samples of a wave.
"""

import numpy as np

# The direct sound is the first sample that comes this close to the loudest one: a reflection
# may be louder than the direct sound, but hardly by more than 6 dB.
_DIRECT_DB = -6.0


def convolve(wave: np.ndarray, response: np.ndarray, direct: int) -> np.ndarray:
    """`wave` (S,) as heard through the impulse response `response` (H,), in which the direct sound
    arrives at the sample `direct`.

    As long as the wave and in time with it: the delay of the direct sound is taken out, so
    word times stay true, and what rings on past the end is cut.
    """
    from scipy.signal import fftconvolve

    # (S,) * (H,) -> (S + H - 1,)
    wet = fftconvolve(wave, response)[direct : direct + len(wave)].astype(np.float32)
    return np.pad(wet, (0, len(wave) - len(wet)))


def direct_sample(response: np.ndarray) -> int:
    """The index in `response` (H,) at which the direct sound arrives."""
    magnitude = np.abs(response)
    return int(np.argmax(magnitude >= magnitude.max() * 10 ** (_DIRECT_DB / 20)))


def rt60_s(response: np.ndarray, sample_rate: int) -> float | None:
    """Seconds in which the room's sound falls by 60 dB (ISO 3382).

    Read off Schroeder's backward-integrated energy: a line through -5 to -35 dB (T30), or
    to -25 dB (T20) where noise hides the rest. None where not even that much decay is seen.
    """
    decay_db = _schroeder_db(response, sample_rate)
    for span_db in (30.0, 20.0):
        inside = np.flatnonzero((decay_db <= -5.0) & (decay_db >= -5.0 - span_db))
        if len(inside) < 2 or decay_db[-1] > -5.0 - span_db:
            continue
        slope_db_per_sample = np.polyfit(inside, decay_db[inside], deg=1)[0]
        if slope_db_per_sample < 0:
            return float(-60.0 / slope_db_per_sample / sample_rate)
    return None


def _schroeder_db(response: np.ndarray, sample_rate: int) -> np.ndarray:
    """Energy still to come at every sample from the direct sound on, in dB of the whole.

    The noise floor (the mean of the last tenth) is taken off first and the curve ends with
    the first 20 ms within 3 dB of it; else a long recording would seem to ring for ever.
    """
    squares = np.square(response[direct_sample(response) :], dtype=np.float64)
    floor = float(squares[-max(1, len(squares) // 10) :].mean())
    frame = max(1, round(0.02 * sample_rate))
    frames = squares[: len(squares) // frame * frame].reshape(-1, frame).mean(axis=1)
    quiet = np.flatnonzero(frames <= 2 * floor)
    end = int(quiet[0]) * frame if len(quiet) else len(squares)
    remaining = np.cumsum((squares[:end] - floor)[::-1])[::-1]
    if not len(remaining) or remaining[0] <= 0:
        return np.zeros(1)
    return 10 * np.log10(np.maximum(remaining / remaining[0], 1e-12))
