"""From symbols to the frames that they last: lengths, masks, positions, and a cosine transform.

B batch, N symbols, T mel frames, D model width.
"""

import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

_POSITIONS = 1024  # that are computed at once, and kept


def frames_of(durations: Tensor, num_frames: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """For every frame of (B, T): its symbol, how far inside the symbol it lies (0 to 1), and
    whether it belongs to one at all. `durations` (B, N) in frames; T is that of the longest item,
    or `num_frames`.
    """
    ends = durations.cumsum(dim=1)
    size = int(ends[:, -1].max()) if num_frames is None else num_frames
    frames = torch.arange(size, device=durations.device)
    frames = frames.expand(len(ends), -1).contiguous()
    owner = torch.searchsorted(ends, frames, right=True).clamp(max=durations.shape[1] - 1)
    start, duration = (ends - durations).gather(1, owner), durations.gather(1, owner)
    position = (frames - start + 0.5) / duration.clamp(1)
    inside = frames < ends[:, -1:]
    return owner, position * inside, inside


def first_frames(counts: Tensor, durations: Tensor, num_frames: int | None = None) -> Tensor:
    """Which frames (B, T) are among the first `counts` (B, N) of the `durations` (B, N) of their
    symbol. T as in `frames_of`.
    """
    owner, _, inside = frames_of(durations, num_frames)
    starts = (durations.cumsum(dim=1) - durations).gather(1, owner)
    since = torch.arange(owner.shape[1], device=owner.device) - starts
    return inside & (since < counts.gather(1, owner))


def regulate_length(
    hidden: Tensor, durations: Tensor, num_frames: int | None = None
) -> tuple[Tensor, Tensor]:
    """Repeat every symbol's vector for its frames: (B, N, D), (B, N) -> (B, T, D), (B,)."""
    owner, _, _ = frames_of(durations, num_frames)
    stretched = hidden.gather(1, owner[:, :, None].expand(-1, -1, hidden.shape[2]))
    return stretched, durations.sum(dim=1)


def length_mask(lengths: Tensor, size: int) -> Tensor:
    """(B,) -> (B, size), true inside each length."""
    return torch.arange(size, device=lengths.device)[None] < lengths[:, None]


def sinusoids(
    length: int,
    dim: int,
    dtype: torch.dtype = torch.float32,
    device: torch.device | None = None,
) -> Tensor:
    """The places (length, dim) of Vaswani et al. 2017, section 3.5; `dim` is even.

    float32 is off by 1e-4 after a thousand places; float64 is what published tables hold.
    """
    computed = -(-length // _POSITIONS) * _POSITIONS
    return _positions(computed, dim, dtype, device or torch.device("cpu"))[:length]


@functools.cache  # CUDA graphs go on reading what they were recorded with
@torch.inference_mode(False)
def _positions(length: int, dim: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    position = torch.arange(length, dtype=dtype)[:, None]
    rate = torch.exp(torch.arange(0, dim, 2, dtype=dtype) * (-math.log(10_000.0) / dim))
    table = torch.zeros(length, dim, dtype=dtype)
    table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
    return table.to(device)


def gaussian(deviation: float) -> tuple[float, ...]:
    """The taps of a Gaussian mean, given in frames, to three standard deviations on either side."""
    radius = math.ceil(3 * deviation)
    taps = [math.exp(-0.5 * (place / deviation) ** 2) for place in range(-radius, radius + 1)]
    return tuple(tap / sum(taps) for tap in taps)


def smooth(values: Tensor, inside: Tensor, taps: Sequence[float]) -> Tensor:
    """The mean of (B, T, D) about every frame, weighted by an odd number of `taps`, of the frames
    that are `inside` (B, T, 1) alone.
    """
    weights = inside.to(values.dtype)
    total = _correlate(values * weights, taps)
    return total / _correlate(weights, taps).clamp(min=min(taps))


def _correlate(values: Tensor, taps: Sequence[float]) -> Tensor:
    """(B, T, D) with the same taps for every column, zeros beyond both ends. A convolution of
    PyTorch's takes as long again for every new length.
    """
    frames, radius = values.shape[1], len(taps) // 2
    padded = F.pad(values, (0, 0, radius, radius))
    total = padded[:, :frames] * taps[0]
    for place, tap in enumerate(taps[1:], start=1):
        total = total.add(padded[:, place : place + frames], alpha=tap)
    return total


def cosine_transform(size: int) -> Tensor:
    """The orthonormal DCT-II as a matrix (bands, coefficients)."""
    bands, orders = torch.arange(size)[:, None], torch.arange(size)
    basis = torch.cos(math.pi / size * (bands + 0.5) * orders) * math.sqrt(2 / size)
    return torch.cat([basis[:, :1] / math.sqrt(2), basis[:, 1:]], dim=1)
