"""Pitch and voicing of every mel frame, from phones and their mean pitch.

B batch, N symbols, T mel frames, D model width. Pitch is ln F0 in standard deviations of its
speaker, 0 at the speaker's median.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.acoustic.frames import frames_of

_DILATIONS = (1, 2, 4, 8)  # 31 frames in view, 0.36 s at the default hop
_KERNEL = 3


class Contour(NamedTuple):
    """Pitch and voicing of every frame (B, T)."""

    pitch: Tensor  # drawn through what is unvoiced
    voicing: Tensor  # 1 voiced, 0 not; logits where a network predicts it


class FramePitch(nn.Module):
    """Gated dilated convolutions (WaveNet's unit, arXiv 1609.03499) over symbols stretched to
    frames. What it predicts is added to the phones' own pitch, and it sees that only as departures
    from its mean: phones moved by a semitone move the contour by exactly one.
    """

    def __init__(self, dim: int, width: int, dropout: float) -> None:
        super().__init__()
        self.pitch_embedding = nn.Conv1d(1, dim, 3, padding=1)
        self.enter = nn.Linear(dim + 1, width)  # with the place inside the symbol
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, 2 * width, _KERNEL, padding=dilation, dilation=dilation)
            for dilation in _DILATIONS
        )
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, 2)

    def forward(
        self,
        hidden: Tensor,
        pitch: Tensor,
        spoken: Tensor,
        durations: Tensor,
        num_frames: int | None = None,
    ) -> Contour:
        """Symbols (B, N, D) and the pitch of each (B, N), `spoken` where no silence, lasting
        `durations`: a contour of the longest item's frames, or of `num_frames`. Voicing comes as
        logits.
        """
        mean = (pitch * spoken).sum(dim=1, keepdim=True) / spoken.sum(dim=1, keepdim=True).clamp(1)
        departures = (pitch - mean) * spoken
        hidden = hidden + self.pitch_embedding(departures[:, None].to(hidden.dtype)).transpose(1, 2)
        owner, position, inside = frames_of(durations, num_frames)
        x = hidden.gather(1, owner[:, :, None].expand(-1, -1, hidden.shape[2]))
        keep = inside[:, :, None].to(x.dtype)
        x = self.enter(torch.cat([x, position[:, :, None].to(x.dtype)], dim=2)) * keep
        for convolution in self.convolutions:
            value, gate = convolution(x.transpose(1, 2)).chunk(2, dim=1)
            x = (x + self.dropout((value.tanh() * gate.sigmoid()).transpose(1, 2))) * keep
        departure, voicing = self.leave(F.gelu(self.norm(x))).float().unbind(dim=2)
        # Silences have no pitch of their own: theirs is the mean of all that is spoken.
        level = torch.where(spoken, pitch, mean).gather(1, owner)
        return Contour((level + departure) * inside, voicing * inside)
