"""Spectrograms and attention as pictures, for TensorBoard and files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor


def mel_picture(mel: Tensor) -> Tensor:
    """A natural-log mel (n_mels, T) as a grey image (1, n_mels, T), low bands at the bottom."""
    return ((mel.flip(0) + 11.5) / 13.5).clamp(0, 1)[None]


def attention_picture(attention: np.ndarray, symbols: Sequence[str], title: str) -> Any:
    """A matplotlib figure of attention (L, N): steps to the right, symbols upwards."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.8 + max(2.5, 0.13 * len(symbols))), layout="constrained")
    axes = figure.subplots()
    axes.imshow(attention.T, aspect="auto", origin="lower", interpolation="none", vmin=0, vmax=1)
    axes.set_yticks(range(len(symbols)), symbols, fontsize=7)
    axes.set_xlabel("decoder step")
    axes.set_title(title, fontsize=9)
    return figure


def save_spectrogram(path: Path, values: np.ndarray, title: str) -> None:
    """A PNG of a spectrogram (F, T) of any scale: time to the right, low bands at the bottom."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 + max(4.0, values.shape[1] / 60), 3.2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(values, aspect="auto", origin="lower", interpolation="none", cmap="magma")
    axes.set_xlabel("frame")
    axes.set_ylabel("band")
    axes.set_title(title, fontsize=9)
    figure.savefig(path, dpi=110)
