"""Spectrograms as images for TensorBoard."""

from torch import Tensor


def mel_picture(mel: Tensor) -> Tensor:
    """A natural-log mel (n_mels, T) as a grey image (1, n_mels, T), low bands at the bottom."""
    return ((mel.flip(0) + 11.5) / 13.5).clamp(0, 1)[None]
