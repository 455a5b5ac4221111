"""A clip as a picture for pages: its waveform, and under it its spectrogram, on black.

One file for both, so that a page needs one image a clip and looks the same by day and by night.
"""

import io
import math
from dataclasses import dataclass

import numpy as np

WIDTH, WAVE_HEIGHT, SPECTRUM_HEIGHT = 600, 44, 96  # pixels
_WINDOW = 512
_RANGE_DB = 70.0
_TOP_HZ = 8000
_QUALITY = 70  # of WebP, 0 to 100
_BLACK, _WAVE_COLOUR = (0, 0, 4), (143, 214, 222)


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """A WebP of 600 x 140 pixels, low frequencies at the bottom; its highest one in kHz."""

    webp: bytes
    top_khz: float


def clip_picture(wave: np.ndarray, sample_rate: int) -> ClipPicture:
    """The picture of `wave` (S,)."""
    from matplotlib import colormaps
    from PIL import Image

    level, top_khz = levels(wave, sample_rate)
    spectrum = Image.fromarray(np.rint(level * 255).astype(np.uint8))
    spectrum = spectrum.resize((WIDTH, SPECTRUM_HEIGHT))
    palette = np.rint(colormaps["magma"](np.arange(256))[:, :3] * 255).astype(np.uint8)
    spectrum.putpalette(palette.tobytes())
    picture = Image.new("RGB", (WIDTH, WAVE_HEIGHT + SPECTRUM_HEIGHT), _BLACK)
    picture.paste(Image.fromarray(_drawn_wave(wave)), (0, 0))
    picture.paste(spectrum.convert("RGB"), (0, WAVE_HEIGHT))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=0)
    return ClipPicture(buffer.getvalue(), top_khz)


def levels(wave: np.ndarray, sample_rate: int) -> tuple[np.ndarray, float]:
    """The short-time spectrum of `wave` (S,) up to 8 kHz, in dB over a range of 70 dB as 0 to 1:
    (bins, frames) with the highest frequency first, and that frequency in kHz.
    """
    hop = max(1, math.ceil(len(wave) / WIDTH))  # about a frame a pixel, however long the clip
    padded = np.pad(wave, (_WINDOW // 2, _WINDOW), mode="constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[: len(wave) : hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2  # (frames, bins)
    num_bins = min(power.shape[1], math.ceil(_TOP_HZ / sample_rate * _WINDOW) + 1)
    level_db = 10 * np.log10(power[:, :num_bins].T[::-1] + 1e-10)  # (bins, frames), top first
    level = np.clip((level_db - level_db.max()) / _RANGE_DB + 1, 0, 1)
    return level, (num_bins - 1) * sample_rate / _WINDOW / 1000


def _drawn_wave(wave: np.ndarray) -> np.ndarray:
    """From the lowest to the highest sample of each column: (height, width, 3) uint8."""
    starts = np.arange(WIDTH) * len(wave) // WIDTH  # reduceat allows repeats: those give one sample
    peak = max(float(np.abs(wave).max()), 1e-3)
    middle = (WAVE_HEIGHT - 1) / 2
    low = np.rint(middle - np.maximum.reduceat(wave, starts) / peak * middle)
    high = np.rint(middle - np.minimum.reduceat(wave, starts) / peak * middle)
    lines = np.arange(WAVE_HEIGHT)[:, None]
    pixels = np.full((WAVE_HEIGHT, WIDTH, 3), _BLACK, np.uint8)
    pixels[(low <= lines) & (lines <= high)] = _WAVE_COLOUR
    return pixels
