"""Distances between a synthesized waveform and the recording of the same sentence.

Waves are (S,) in [-1, 1], log-mels (n_mels, T), pitch (T,) in Hz and 0 where unvoiced.
"""

from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import torch

from models.losses import MultiResolutionStft
from models.mel import MelConfig, mel_amplitude

NUM_CEPSTRA = 13
_PESQ_RATE = 16000
_DECIBEL = 10 / np.log(10)


def mel_l1(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Mean absolute difference of two log-mels, frame against frame."""
    return float(np.abs(ours - theirs).mean())


def mel_cepstra(log_mel: np.ndarray, config: MelConfig) -> np.ndarray:
    """c_1 to c_13 of each frame: (n_mels, T) -> (13, T).

    The natural logarithm of amplitude is x_n = c_0 + sum_m c_m cos(pi m (n + 1/2) / n_mels),
    hence c_m = 2 / n_mels * DCT-II. Level (c_0) is left out.
    """
    amplitude = mel_amplitude(torch.from_numpy(log_mel).double(), config).clamp(min=1e-12)
    orders = np.arange(1, NUM_CEPSTRA + 1)[:, None]
    positions = (np.arange(config.n_mels) + 0.5) / config.n_mels
    basis = 2 / config.n_mels * np.cos(np.pi * orders * positions)  # (13, n_mels)
    cepstra: np.ndarray = basis @ amplitude.log().numpy()
    return cepstra


def cepstral_distortion_db(ours: np.ndarray, theirs: np.ndarray) -> float:
    """MCD of cepstra (13, T), frame against frame, in dB: mean over frames of (10 / ln 10) *
    sqrt(2 * sum_m (c_m - c'_m)^2).

    Kubichek 1993, with the mel filterbank in place of the mel-warped allpass.
    """
    return float(_DECIBEL * np.sqrt(2 * ((ours - theirs) ** 2).sum(axis=0)).mean())


def warped_distortion_db(ours: np.ndarray, theirs: np.ndarray) -> float:
    """MCD of cepstra (13, T) and (13, T') in dB along the path of dynamic time warping that makes
    its sum smallest: the mean over the path.
    """
    squares = (ours**2).sum(axis=0)[:, None] + (theirs**2).sum(axis=0)[None]
    distances = _DECIBEL * np.sqrt(2 * np.maximum(squares - 2 * ours.T @ theirs, 0.0))
    total, steps = _cheapest_path(distances)
    return total / steps


def _cheapest_path(costs: np.ndarray) -> tuple[float, int]:
    """Sum and length of the cheapest path from the first corner of (T, T') to the last, by steps
    of one in either direction or both. Anti-diagonal by anti-diagonal: no cell needs another of
    its own.
    """
    rows, columns = costs.shape
    # By row: the best (sum, length) that ends in it, on the last anti-diagonal and the one before.
    last = before = np.full((2, rows + 1), np.inf)
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        new = np.full((2, rows + 1), np.inf)  # place 0 is the edge; row r is place r + 1
        if diagonal == 0:
            new[:, 1] = 0, 0
        else:
            ways = np.stack([before[:, row], last[:, row], last[:, row + 1]])  # (3, 2, rows)
            best = ways[:, 0].argmin(axis=0)
            new[:, row + 1] = ways[best, :, np.arange(len(row))].T
        new[0, row + 1] += costs[row, diagonal - row]
        new[1, row + 1] += 1
        before, last = last, new
    return float(last[0, rows]), int(last[1, rows])


def stft_distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Spectral convergence plus log-magnitude distance of two waves, at three resolutions."""
    pair = [torch.from_numpy(np.ascontiguousarray(wave))[None] for wave in (ours, theirs)]
    return float(MultiResolutionStft()(*pair))


def pesq_wideband(reference: np.ndarray, degraded: np.ndarray, sample_rate: int) -> float:
    """Wide-band PESQ (ITU-T P.862.2, at 16 kHz), a predicted opinion score from 1.04 to 4.64.

    NaN where it is not installed or finds no speech.
    """
    if find_spec("pesq") is None:
        return float("nan")
    import pesq
    import soxr

    waves = [soxr.resample(wave, sample_rate, _PESQ_RATE) for wave in (reference, degraded)]
    try:
        return float(pesq.pesq(_PESQ_RATE, *waves, "wb"))
    except pesq.PesqError:
        return float("nan")


class PitchError(NamedTuple):
    """How pitch differs from a recording's, frame against frame."""

    cents: float  # root mean square, of frames voiced in both; NaN where there are none
    voicing: float  # the share of frames voiced in one only


def pitch_error(ours_hz: np.ndarray, theirs_hz: np.ndarray) -> PitchError:
    """Of two pitch tracks of one length."""
    ours, theirs = ours_hz > 0, theirs_hz > 0
    both = ours & theirs
    voicing = float((ours != theirs).mean())
    if not both.any():
        return PitchError(float("nan"), voicing)
    cents = 1200 * np.log2(ours_hz[both] / theirs_hz[both])
    return PitchError(float(np.sqrt((cents**2).mean())), voicing)


class PitchRange(NamedTuple):
    """Where a voice speaks, NaN without a voiced frame."""

    level: float  # semitones above 1 Hz, the median
    spread: float  # semitones, from the 10th to the 90th percentile


def pitch_range(pitch_hz: np.ndarray) -> PitchRange:
    """Of a pitch track; percentiles, as trackers jump by octaves."""
    voiced = pitch_hz[pitch_hz > 0]
    if not len(voiced):
        return PitchRange(float("nan"), float("nan"))
    low, middle, high = np.percentile(12 * np.log2(voiced), [10, 50, 90])
    return PitchRange(float(middle), float(high - low))
