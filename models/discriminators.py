"""The critics that a vocoder is trained against. Each returns one `Verdict` a sub-critic.

B batch, S samples.
"""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm


class Verdict(NamedTuple):
    """What one sub-critic says of a batch of waveforms."""

    score: Tensor  # high where it hears real speech
    features: list[Tensor]  # its hidden activations, for feature matching


@dataclass(frozen=True, slots=True)
class CriticConfig:
    """Which critics, how wide. `width` 32 is the size of the papers; 8 trains on a CPU."""

    width: int = 8
    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    fft_sizes: tuple[int, ...] = (512, 1024, 2048)


class PeriodCritic(nn.Module):
    """HiFi-GAN's period discriminator (arXiv 2010.05646, section 2.3): the wave folded by p."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self.period = period
        sizes = [1, width, width * 4, width * 16, width * 32]
        layers = [
            weight_norm(nn.Conv2d(size, wider, (5, 1), (3, 1), (2, 0)))
            for size, wider in itertools.pairwise(sizes)
        ]
        layers.append(weight_norm(nn.Conv2d(sizes[-1], sizes[-1], (5, 1), 1, (2, 0))))
        self.layers = nn.ModuleList(layers)
        self.score = weight_norm(nn.Conv2d(sizes[-1], 1, (3, 1), 1, (1, 0)))

    def forward(self, wave: Tensor) -> Verdict:
        batch, length = wave.shape
        wave = F.pad(wave[:, None], (0, -length % self.period), mode="reflect")
        x = wave.view(batch, 1, -1, self.period)  # (B, S) -> (B, 1, S / p, p)
        return _judge(x, self.layers, self.score)


class SpectrumCritic(nn.Module):
    """A discriminator of complex spectrograms at one resolution (arXiv 2306.00814, section 3.4)."""

    window: Tensor  # (fft_size,)

    def __init__(self, fft_size: int, width: int) -> None:
        super().__init__()
        self.fft_size = fft_size
        self.register_buffer("window", torch.hann_window(fft_size), persistent=False)
        strides = (1, 2, 2, 2, 1)
        sizes = [2, *[width] * len(strides)]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(size, wider, (9, 3), (stride, 1), (4, 1)))
            for size, wider, stride in zip(sizes, sizes[1:], strides, strict=False)
        )
        self.score = weight_norm(nn.Conv2d(width, 1, (3, 3), 1, (1, 1)))

    def forward(self, wave: Tensor) -> Verdict:
        wave = wave.float()
        wave = wave - wave.mean(dim=-1, keepdim=True)
        wave = 0.8 * wave / (wave.abs().amax(dim=-1, keepdim=True) + 1e-9)
        spectrum = torch.stft(
            wave, self.fft_size, self.fft_size // 4, window=self.window, return_complex=True
        )
        x = torch.view_as_real(spectrum).permute(0, 3, 1, 2)  # (B, F, T, 2) -> (B, 2, F, T)
        return _judge(x, self.layers, self.score)


class Critics(nn.Module):
    """All sub-critics of a config: waveforms (B, S) to a list of `Verdict`."""

    def __init__(self, config: CriticConfig) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            [PeriodCritic(period, config.width) for period in config.periods]
            + [SpectrumCritic(size, config.width) for size in config.fft_sizes]
        )

    def forward(self, wave: Tensor) -> list[Verdict]:
        return [critic(wave) for critic in self.members]


def critic_loss(real: list[Verdict], fake: list[Verdict]) -> Tensor:
    """Hinge loss of the critics (arXiv 2306.00814, section 3.4), a scalar."""
    losses = [
        F.relu(1 - r.score.float()).mean() + F.relu(1 + f.score.float()).mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_loss(fake: list[Verdict]) -> Tensor:
    """Hinge loss of the generator, a scalar."""
    return torch.stack([F.relu(1 - verdict.score.float()).mean() for verdict in fake]).mean()


def feature_loss(real: list[Verdict], fake: list[Verdict]) -> Tensor:
    """Mean absolute difference of the critics' activations (arXiv 1910.06711, eq. 4)."""
    losses = [
        F.l1_loss(f.float(), r.float().detach())
        for r_verdict, f_verdict in zip(real, fake, strict=True)
        for r, f in zip(r_verdict.features, f_verdict.features, strict=True)
    ]
    return torch.stack(losses).mean()


def _judge(x: Tensor, layers: nn.ModuleList, score: nn.Module) -> Verdict:
    features = []
    for layer in layers:
        x = F.leaky_relu(layer(x), 0.1)
        features.append(x)
    return Verdict(score(x).flatten(1), features)
