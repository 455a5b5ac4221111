"""Longer and shorter vocal tracts: a mel spectrogram with its frequencies scaled."""

import functools

import numpy as np

from models.mel import MelConfig, band_centers_hz


def scale_vocal_tract(mel: np.ndarray, length: float, config: MelConfig) -> np.ndarray:
    """A log-mel (n_mels, T) as from a vocal tract `length` times as long: what lay at f Hz lies at
    f / length. Pitch moves with it. Above the highest band nothing is known: it is held.

    Formants of a uniform tube are proportional to 1 / length (Eide & Gish 1996, section 2).
    """
    if length == 1.0:
        return mel
    lower, share = _sources(length, config)
    return (mel[lower] * (1 - share) + mel[lower + 1] * share).astype(mel.dtype)


@functools.lru_cache(maxsize=256)
def _sources(length: float, config: MelConfig) -> tuple[np.ndarray, np.ndarray]:
    """For every band: the band below the frequency it takes its content from, (n_mels,), and
    how far above it that lies, (n_mels, 1).
    """
    centers = band_centers_hz(config)
    positions = np.interp(centers * length, centers, np.arange(len(centers)))
    lower = np.minimum(positions.astype(int), len(centers) - 2)
    return lower, (positions - lower)[:, None].astype(np.float32)
