"""Cache of decoded sounds: decoded and resampled once, memory-mapped by all workers."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.atomic import write_atomically


def cached_wave(
    folder: Path, digest: str, sample_rate: int, decode: Callable[[], np.ndarray]
) -> np.ndarray:
    """The wave (S,) float32 of the sound whose content has `digest`, read-only.

    Mapped from its file in `folder`; where that is missing or damaged, `decode` makes it. Raises
    what `decode` raises, and `DataError` on a full disk.
    """
    path = folder / f"{digest}-{sample_rate}.npy"
    wave = _mapped(path)
    if wave is None:
        buffer = io.BytesIO()
        np.save(buffer, decode().astype(np.float32, copy=False))
        write_atomically(path, buffer.getvalue())
        wave = _mapped(path)
        assert wave is not None, f"{path}: was written, and cannot be read"
    return wave


def _mapped(path: Path) -> np.ndarray | None:
    try:
        wave = np.load(path, mmap_mode="r")
    except (OSError, EOFError, ValueError):
        return None
    return wave if wave.ndim == 1 and wave.dtype == np.float32 else None
