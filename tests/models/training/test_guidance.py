import numpy as np
import pytest
import torch

from models.training.guidance import (
    aligned_guidance,
    aligned_loss,
    diagonal_guidance,
    diagonal_loss,
    pad_guidance,
)


def test_a_step_is_shared_by_the_symbols_of_its_frames() -> None:
    shares = aligned_guidance(np.array([2, 1, 4]), frames_per_step=3)
    expected = np.array([[2 / 3, 1 / 3, 0], [0, 0, 1], [0, 0, 1]])
    np.testing.assert_allclose(shares, expected, rtol=1e-6)


def test_the_diagonal_costs_nothing_and_the_corners_most() -> None:
    costs = diagonal_guidance(20, 10)
    assert costs.shape == (20, 10)
    assert costs[0, 0] == 0
    assert costs[10, 5] == 0
    assert costs[0, 9] > 0.99
    assert costs[19, 0] > 0.99
    assert costs.max() <= 1


def _attention(padded: torch.Tensor, real: tuple[tuple[int, int], ...]) -> torch.Tensor:
    """Even attention over each item's symbols, anything beyond its steps."""
    attention = torch.full_like(padded, 0.7)
    for row, (steps, symbols) in zip(attention, real, strict=True):
        row[:steps] = 0.0
        row[:steps, :symbols] = 1 / symbols
    return attention


def test_losses_leave_padding_out() -> None:
    aligned = [aligned_guidance(np.array([2, 2]), 1), aligned_guidance(np.array([3, 3, 1]), 1)]
    padded = pad_guidance(aligned)
    assert padded.shape == (2, 7, 3)
    loss = aligned_loss(_attention(padded, ((4, 2), (7, 3))), padded)
    assert float(loss) == pytest.approx((4 * np.log(2) + 7 * np.log(3)) / 11, rel=1e-4)
    costs = [diagonal_guidance(4, 2), diagonal_guidance(7, 3)]
    loss = diagonal_loss(_attention(pad_guidance(costs), ((4, 2), (7, 3))), pad_guidance(costs))
    expected = sum(float(one.sum()) / one.shape[1] for one in costs) / 11
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_the_right_attention_costs_least() -> None:
    shares = pad_guidance([aligned_guidance(np.array([2, 3, 2]), 1)])
    costs = pad_guidance([diagonal_guidance(7, 3)])
    right, wrong = shares, shares.flip(2)
    assert float(aligned_loss(right, shares)) == pytest.approx(0.0, abs=1e-4)
    assert aligned_loss(wrong, shares) > 1
    assert diagonal_loss(right, costs) < diagonal_loss(wrong, costs)
