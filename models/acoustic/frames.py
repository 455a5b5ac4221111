"""From symbols to the frames that they last: lengths, masks, positions, and a cosine transform.

B batch, N symbols, T mel frames, D model width.
"""

import functools
import math

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


def gaussian(deviation: float) -> Tensor:
    """The taps (2 R + 1,) of a Gaussian mean, R three standard deviations, given in frames."""
    radius = math.ceil(3 * deviation)
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / deviation) ** 2)
    return taps / taps.sum()


def smooth(values: Tensor, inside: Tensor, taps: Tensor) -> Tensor:
    """The mean of (B, T, D) about every frame, weighted by `taps`, of the frames that are `inside`
    (B, T, 1) alone.
    """
    weights = inside.to(values.dtype)
    total = _convolve(values * weights, taps)
    return total / _convolve(weights, taps).clamp(min=float(taps.min()))


def _convolve(values: Tensor, taps: Tensor) -> Tensor:
    """Every column of (B, T, D) with the same taps, zeros beyond both ends."""
    batch, frames, columns = values.shape
    rows = values.transpose(1, 2).reshape(batch * columns, 1, frames)
    convolved = F.conv1d(rows, taps.to(values)[None, None], padding=len(taps) // 2)
    return convolved.reshape(batch, columns, frames).transpose(1, 2)


def cosine_transform(size: int) -> Tensor:
    """The orthonormal DCT-II as a matrix (bands, coefficients)."""
    bands, orders = torch.arange(size)[:, None], torch.arange(size)
    basis = torch.cos(math.pi / size * (bands + 0.5) * orders) * math.sqrt(2 / size)
    return torch.cat([basis[:, :1] / math.sqrt(2), basis[:, 1:]], dim=1)
