"""Discriminators of log-mels: are these frames of a recording, or of an acoustic model?

The mean absolute error of mels is least for their median, which lacks the detail of any recording.
What tells the two apart teaches it (GANSpeech, arXiv 2106.15153, section 2.2); several of them see
windows of different lengths (SyntaSpeech, arXiv 2204.11792, section 3.4).

W windows, L frames, M mel bands.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from models.vocoders.discriminators import Verdict

_LAYERS, _SLOPE = 3, 0.2


@dataclass(frozen=True, slots=True)
class MelDiscriminatorConfig:
    """`windows` are the frames that each of them sees; the longest is a multiple of the others."""

    width: int = 64
    windows: tuple[int, ...] = (32, 64, 128)

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width: at least 1, found {self.width}")
        if not self.windows or min(self.windows) < 1:
            raise ValueError("windows: at least one, of 1 frame and more")
        if any(self.longest % window for window in self.windows):
            raise ValueError(f"windows: the longest, {self.longest}, must be a multiple of all")

    @property
    def longest(self) -> int:
        """Frames of the windows that are cut; a discriminator of shorter ones sees their parts."""
        return max(self.windows)


class MelDiscriminators(nn.Module):
    """Windows of normalized log-mels (W, L, M), L the longest, to a `Verdict` a window length."""

    def __init__(self, config: MelDiscriminatorConfig, n_mels: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            _WindowDiscriminator(window, n_mels, config.width) for window in config.windows
        )

    def forward(self, windows: Tensor) -> list[Verdict]:
        return [member(windows) for member in self.members]


class _WindowDiscriminator(nn.Module):
    """Convolutions over time and bands, each of stride 2, and one score a window."""

    def __init__(self, window: int, n_mels: int, width: int) -> None:
        super().__init__()
        self.window = window
        sizes = [1, *[width] * _LAYERS]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(size, wider, 3, 2, 1))
            for size, wider in itertools.pairwise(sizes)
        )
        for _ in self.layers:
            window, n_mels = -(-window // 2), -(-n_mels // 2)
        self.score = weight_norm(nn.Linear(width * window * n_mels, 1))

    def forward(self, windows: Tensor) -> Verdict:
        x = windows.reshape(-1, 1, self.window, windows.shape[2])
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE)
            features.append(x)
        return Verdict(self.score(x.flatten(1)), features)


def windows_of(mels: Sequence[Tensor], first: int, frames: int) -> list[Tensor]:
    """Frames (N, M) of the same times, cut from frame `first` on into windows (W, `frames`, M).

    Beyond the last frame they go on with the first, so that even a few frames make a window.
    """
    count = len(mels[0])
    at = torch.arange(max(1, count // frames) * frames, device=mels[0].device)
    at = (at + first) % count
    return [each[at].unflatten(0, (-1, frames)) for each in mels]
