"""Attention guidance of a teacher-forced Tacotron, so that little data aligns it.

B batch, L decoder steps, N symbols.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def aligned_guidance(durations: np.ndarray, frames_per_step: int) -> np.ndarray:
    """The share of every step's frames that belongs to each symbol: (N,) frames -> (L, N), rows
    that sum to 1.
    """
    owners = np.repeat(np.arange(len(durations)), durations)
    num_steps = -(-len(owners) // frames_per_step)
    shares = np.zeros((num_steps, len(durations)), dtype=np.float32)
    np.add.at(shares, (np.arange(len(owners)) // frames_per_step, owners), 1.0)
    return shares / shares.sum(axis=1, keepdims=True)


def diagonal_guidance(num_steps: int, num_symbols: int, width: float = 0.2) -> np.ndarray:
    """What attention off the diagonal costs, (L, N) from 0 to 1 (arXiv 1710.08969, section 4.1)."""
    steps = np.arange(num_steps)[:, None] / num_steps
    symbols = np.arange(num_symbols)[None] / num_symbols
    return (1 - np.exp(-((symbols - steps) ** 2) / (2 * width**2))).astype(np.float32)


def aligned_loss(attention: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of attention (B, L, N) with `aligned_guidance`, whose rows beyond an utterance
    are 0 (pre-alignment guided attention, Zhu et al. 2019, with entropy for squares).
    """
    return -(shares * (attention + 1e-6).log()).sum() / shares.sum()


def diagonal_loss(attention: Tensor, costs: Tensor) -> Tensor:
    """Mean over the steps of attention (B, L, N) times `diagonal_guidance`, 0 beyond an
    utterance (arXiv 1710.08969, section 4.1).
    """
    steps = (costs.sum(dim=2) > 0).sum()
    return (attention * costs).sum() / steps


def pad_guidance(guidance: Sequence[np.ndarray]) -> Tensor:
    """(L_i, N_i) each to one tensor (B, L, N), filled up with 0."""
    shape = np.max([one.shape for one in guidance], axis=0)
    padded = torch.zeros(len(guidance), *shape.tolist())
    for row, one in zip(padded, guidance, strict=True):
        row[: one.shape[0], : one.shape[1]] = torch.from_numpy(one)
    return padded
