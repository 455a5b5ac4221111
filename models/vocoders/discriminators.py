"""The discriminators that a vocoder is trained against: one `Verdict` a sub-discriminator.

B batch, S samples.
"""

import itertools
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from models.config import check_least


class Verdict(NamedTuple):
    """What one sub-discriminator says of a batch of waveforms."""

    score: Tensor  # high where it hears real speech
    features: list[Tensor]  # its hidden activations, for feature matching


@dataclass(frozen=True, slots=True)
class DiscriminatorConfig:
    """Which discriminators, how wide. `width` 32 is the size of the papers; 8 trains on a CPU.

    HiFi-GAN has the periods and three scales, Vocos the periods and the FFT sizes.
    """

    width: int = 8
    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    scales: int = 0
    fft_sizes: tuple[int, ...] = (512, 1024, 2048)

    def __post_init__(self) -> None:
        check_least(self, 1, "width", "periods")
        check_least(self, 0, "scales")
        check_least(self, 4, "fft_sizes")


@dataclass(frozen=True, slots=True)
class PoolingConfig:
    """The average pooling between MelGAN's scales."""

    kernel_size: int = 4
    stride: int = 2
    padding: int = 1
    count_include_pad: bool = False

    def __post_init__(self) -> None:
        check_least(self, 1, "kernel_size", "stride")
        check_least(self, 0, "padding")
        if self.padding > self.kernel_size // 2:
            raise ValueError(f"padding: at most half of kernel_size, found {self.padding}")


@dataclass(frozen=True, slots=True)
class MelGanDiscriminatorConfig:
    """MelGAN's multi-scale discriminator; the defaults are the paper's.

    The first kernel is the product of `kernel_sizes`, the last two are themselves.
    """

    scales: int = 3
    kernel_sizes: tuple[int, int] = (5, 3)
    channels: int = 16
    max_channels: int = 1024
    downsample_scales: tuple[int, ...] = (4, 4, 4, 4)
    slope: float = 0.2
    pooling: PoolingConfig = PoolingConfig()

    def __post_init__(self) -> None:
        names = ("scales", "kernel_sizes", "channels", "max_channels", "downsample_scales")
        check_least(self, 1, *names)


@dataclass(frozen=True, slots=True)
class AdversaryConfig:
    """How verdicts become losses. HiFi-GAN and MelGAN take least squares and sum over
    discriminators and layers; Vocos takes the hinge and the mean.
    """

    loss: Literal["hinge", "least_squares"] = "hinge"
    average: bool = True


HINGE = AdversaryConfig()


class PeriodDiscriminator(nn.Module):
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


class ScaleDiscriminator(nn.Module):
    """HiFi-GAN's scale discriminator (section 2.3): the wave, averaged down `halvings` times.

    The first of them, on the raw wave, is held by spectral normalization.
    """

    def __init__(self, halvings: int, width: int) -> None:
        super().__init__()
        self.pools = nn.ModuleList(nn.AvgPool1d(4, 2, padding=2) for _ in range(halvings))
        norm = weight_norm if halvings else spectral_norm
        wide = 4 * width  # the paper's 128 for 32
        shapes = (  # channels in and out, kernel, stride, groups
            (1, wide, 15, 1, 1),
            (wide, wide, 41, 2, 4),
            (wide, 2 * wide, 41, 2, 16),
            (2 * wide, 4 * wide, 41, 4, 16),
            (4 * wide, 8 * wide, 41, 4, 16),
            (8 * wide, 8 * wide, 41, 1, 16),
            (8 * wide, 8 * wide, 5, 1, 1),
        )
        self.layers = nn.ModuleList(
            norm(nn.Conv1d(size, wider, kernel, stride, kernel // 2, groups=groups))
            for size, wider, kernel, stride, groups in shapes
        )
        self.score = norm(nn.Conv1d(8 * wide, 1, 3, padding=1))

    def forward(self, wave: Tensor) -> Verdict:
        x = wave[:, None]  # (B, S) -> (B, 1, S)
        for pool in self.pools:
            x = pool(x)
        return _judge(x, self.layers, self.score)


class MelGanDiscriminator(nn.Module):
    """One scale of MelGAN's discriminator (arXiv 1910.06711, section 2.2 and appendix A)."""

    def __init__(self, halvings: int, config: MelGanDiscriminatorConfig) -> None:
        super().__init__()
        pooling, self.slope = config.pooling, config.slope
        self.pools = nn.ModuleList(
            nn.AvgPool1d(
                pooling.kernel_size,
                pooling.stride,
                pooling.padding,
                count_include_pad=pooling.count_include_pad,
            )
            for _ in range(halvings)
        )
        first, last = config.kernel_sizes
        channels, kernel = config.channels, first * last
        pad = (kernel - 1) // 2
        layers = [nn.Conv1d(1, channels, kernel, padding=pad, padding_mode="reflect")]
        for rate in config.downsample_scales:
            wider = min(channels * rate, config.max_channels)
            kernel, groups = rate * 10 + 1, channels // 4
            layers.append(nn.Conv1d(channels, wider, kernel, rate, rate * 5, groups=groups))
            channels = wider
        wider = min(channels * 2, config.max_channels)
        layers.append(nn.Conv1d(channels, wider, first, padding=(first - 1) // 2))
        self.layers = nn.ModuleList(weight_norm(layer) for layer in layers)
        self.score = weight_norm(nn.Conv1d(wider, 1, last, padding=(last - 1) // 2))

    def forward(self, wave: Tensor) -> Verdict:
        x = wave[:, None]  # (B, S) -> (B, 1, S)
        for pool in self.pools:
            x = pool(x)
        return _judge(x, self.layers, self.score, self.slope)


class SpectrumDiscriminator(nn.Module):
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


class Discriminators(nn.Module):
    """All sub-discriminators of a config: waveforms (B, S) to a list of `Verdict`."""

    def __init__(self, config: DiscriminatorConfig | MelGanDiscriminatorConfig) -> None:
        super().__init__()
        self.members = nn.ModuleList(_members(config))

    def forward(self, wave: Tensor) -> list[Verdict]:
        return [discriminator(wave) for discriminator in self.members]


def _members(config: DiscriminatorConfig | MelGanDiscriminatorConfig) -> list[nn.Module]:
    if isinstance(config, MelGanDiscriminatorConfig):
        return [MelGanDiscriminator(halvings, config) for halvings in range(config.scales)]
    return [
        *(PeriodDiscriminator(period, config.width) for period in config.periods),
        *(ScaleDiscriminator(halvings, config.width) for halvings in range(config.scales)),
        *(SpectrumDiscriminator(size, config.width) for size in config.fft_sizes),
    ]


def discriminator_loss(
    real: list[Verdict], fake: list[Verdict], rule: AdversaryConfig = HINGE
) -> Tensor:
    """What the discriminators err: hinge (arXiv 2306.00814, section 3.4) or least squares (arXiv
    2010.05646, eq. 1), a scalar.
    """
    return _gather(
        [
            _distance_from(1.0, r.score, rule) + _distance_from(-1.0, f.score, rule)
            for r, f in zip(real, fake, strict=True)
        ],
        rule,
    )


def generator_loss(fake: list[Verdict], rule: AdversaryConfig = HINGE) -> Tensor:
    """What the generator lacks in the discriminators' ears (eq. 2), a scalar."""
    return _gather([_distance_from(1.0, verdict.score, rule) for verdict in fake], rule)


def feature_loss(real: list[Verdict], fake: list[Verdict], rule: AdversaryConfig = HINGE) -> Tensor:
    """Mean absolute difference of the discriminators' activations (arXiv 1910.06711, eq. 4)."""
    losses = [
        F.l1_loss(f.float(), r.float().detach())
        for r_verdict, f_verdict in zip(real, fake, strict=True)
        for r, f in zip(r_verdict.features, f_verdict.features, strict=True)
    ]
    return _gather(losses, rule)


def _distance_from(side: float, score: Tensor, rule: AdversaryConfig) -> Tensor:
    """How far scores are from where they should be: 1 is real, -1 fake."""
    score = score.float()
    if rule.loss == "hinge":
        return F.relu(1 - side * score).mean()
    return (score - max(side, 0.0)).square().mean()


def _gather(losses: list[Tensor], rule: AdversaryConfig) -> Tensor:
    stacked = torch.stack(losses)
    return stacked.mean() if rule.average else stacked.sum()


def _judge(x: Tensor, layers: nn.ModuleList, score: nn.Module, slope: float = 0.1) -> Verdict:
    features = []
    for layer in layers:
        x = F.leaky_relu(layer(x), slope)
        features.append(x)
    return Verdict(score(x).flatten(1), features)
