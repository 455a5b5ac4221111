"""The attention of Tacotron 2 (arXiv 1712.05884), and the recurrent steps that it is part of.

B batch, N symbols, L decoder steps, E encoder width, H width of the attention's recurrent net,
A attention width.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Memory(NamedTuple):
    """The attention's memory: encoder outputs (B, N, E), their keys for the
    attention (B, N, A) and which symbols exist (B, N).
    """

    values: Tensor
    keys: Tensor
    mask: Tensor


class AttentionState(NamedTuple):
    """Between two steps: hidden and cell (B, H), context (B, E), the last step's weights (B, N)
    and the sum of all so far (B, N).
    """

    hidden: Tensor
    cell: Tensor
    context: Tensor
    weights: Tensor
    cumulative: Tensor


class LocationAttention(nn.Module):
    """Location-sensitive attention (arXiv 1506.07503, eq. 8-9): weights depend on earlier ones."""

    def __init__(self, rnn_dim: int, encoder_dim: int, dim: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.query = nn.Linear(rnn_dim, dim, bias=False)
        self.key = nn.Linear(encoder_dim, dim, bias=False)
        self.location_conv = nn.Conv1d(2, filters, kernel, padding=kernel // 2, bias=False)
        self.location = nn.Linear(filters, dim, bias=False)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, hidden: Tensor, memory: Memory, state: AttentionState) -> Tensor:
        """Weights (B, N) of the symbols, given the recurrent net's output (B, H)."""
        read = torch.stack([state.weights, state.cumulative], dim=1)  # (B, 2, N)
        location = self.location(self.location_conv(read).transpose(1, 2))  # -> (B, N, A)
        energies = self.score(torch.tanh(self.query(hidden)[:, None] + location + memory.keys))
        energies = energies.squeeze(-1).float().masked_fill(~memory.mask, -math.inf)
        return energies.softmax(dim=1)


class GradientOfWeights(torch.autograd.Function):
    """Passes gates (B, L, G) on. Going back, their gradient gives that of the `weights` (G, X)
    with which each step's entry (B, X) in `past` was multiplied: one product for all steps, where
    autograd would make one a step and add them up.
    """

    @staticmethod
    def forward(ctx: Any, gates: Tensor, weights: Tensor, past: list[Tensor]) -> Tensor:
        ctx.past = past
        return gates.view_as(gates)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        past = torch.stack([entry.detach() for entry in ctx.past], dim=1)  # (B, L, X)
        return gradient, gradient.flatten(0, 1).T @ past.flatten(0, 1), None


def lstm_cell(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Gates (B, 4 H), in torch's order, and the cell (B, H) to the new hidden and cell."""
    enter, keep, new, leave = gates.chunk(4, dim=1)
    cell = keep.sigmoid() * cell + enter.sigmoid() * new.tanh()
    return leave.sigmoid() * cell.tanh(), cell
