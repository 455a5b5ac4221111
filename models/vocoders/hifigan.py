"""HiFi-GAN (arXiv 2010.05646): a generator of transposed convolutions and mixed receptive fields.

B batch, T mel frames, S = T * hop_length samples, C channels.
"""

import math
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from models.config import check_least
from models.errors import ConfigError
from models.mel import MelConfig

_SLOPE = 0.1
_LAST_SLOPE = 0.01  # the published code falls back to PyTorch's default before the last layer


@dataclass(frozen=True, slots=True)
class HifiGanConfig:
    """Sizes, as in appendix A.1. The defaults are V1; `V2` and `V3` below are the small ones."""

    channels: int = 512  # after the first convolution, halved by every upsampling
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    block: Literal["1", "2"] = "1"
    block_kernels: tuple[int, ...] = (3, 7, 11)
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    def __post_init__(self) -> None:
        check_least(self, 1, "channels", "upsample_rates", "upsample_kernels", "block_kernels")
        if len(self.upsample_rates) != len(self.upsample_kernels):
            raise ValueError(
                f"upsample_kernels: one for each of the {len(self.upsample_rates)} upsample_rates, "
                f"found {len(self.upsample_kernels)}"
            )
        if len(self.block_kernels) != len(self.block_dilations):
            raise ValueError(
                f"block_dilations: a list for each of the {len(self.block_kernels)} block_kernels, "
                f"found {len(self.block_dilations)}"
            )
        if any(kernel % 2 == 0 for kernel in self.block_kernels):
            raise ValueError("block_kernels: must be odd")
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernels, strict=True):
            if kernel < rate or (kernel - rate) % 2:
                raise ValueError(
                    f"upsample_kernels: {kernel} must be at least the rate {rate} and differ from "
                    "it by an even number"
                )
        if self.channels < 2 ** len(self.upsample_rates):
            raise ValueError(f"channels: {self.channels} cannot be halved at every upsampling")


V1 = HifiGanConfig()
V2 = HifiGanConfig(channels=128)
V3 = HifiGanConfig(
    channels=256,
    upsample_rates=(8, 8, 4),
    upsample_kernels=(16, 16, 8),
    block="2",
    block_kernels=(3, 5, 7),
    block_dilations=((1, 2), (2, 6), (3, 12)),
)


class ResidualBlock1(nn.Module):
    """Dilated convolutions, each followed by an undilated one (appendix A.1). (B, C, S)"""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(_convolution(channels, kernel, d) for d in dilations)
        self.plain = nn.ModuleList(_convolution(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            hidden = dilated(F.leaky_relu(x, _SLOPE))
            x = x + plain(F.leaky_relu(hidden, _SLOPE))
        return x


class ResidualBlock2(nn.Module):
    """Dilated convolutions alone, as in V3. (B, C, S)"""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(_convolution(channels, kernel, d) for d in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for dilated in self.dilated:
            x = x + dilated(F.leaky_relu(x, _SLOPE))
        return x


class MultiReceptiveField(nn.Module):
    """The mean of residual blocks that see differently far (section 2.2). (B, C, S)"""

    def __init__(self, channels: int, config: HifiGanConfig) -> None:
        super().__init__()
        block = ResidualBlock1 if config.block == "1" else ResidualBlock2
        self.blocks = nn.ModuleList(
            block(channels, kernel, dilations)
            for kernel, dilations in zip(config.block_kernels, config.block_dilations, strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        total = self.blocks[0](x)
        for block in list(self.blocks)[1:]:
            total = total + block(x)
        return total / len(self.blocks)


class HifiGan(nn.Module):
    """Log-mels (B, n_mels, T) to waveforms (B, T * hop_length)."""

    def __init__(
        self,
        config: HifiGanConfig,
        mel: MelConfig,
        symbols: tuple[str, ...] = (),
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        check_rates(config.upsample_rates, mel)
        self.config, self.mel = config, mel
        self.first = nn.Conv1d(mel.n_mels, config.channels, 7, padding=3)
        self.upsamplings = nn.ModuleList()
        self.fusions = nn.ModuleList()
        channels = config.channels
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernels, strict=True):
            padding = (kernel - rate) // 2
            self.upsamplings.append(
                nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding)
            )
            channels //= 2
            self.fusions.append(MultiReceptiveField(channels, config))
        self.last = nn.Conv1d(channels, 1, 7, padding=3)
        for module in (*self.upsamplings.modules(), *self.fusions.modules(), self.last):
            if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
                nn.init.normal_(module.weight, std=0.01)

    def forward(self, mels: Tensor) -> Tensor:
        x = self.first(mels)  # (B, n_mels, T) -> (B, C, T)
        for upsampling, fusion in zip(self.upsamplings, self.fusions, strict=True):
            x = fusion(upsampling(F.leaky_relu(x, _SLOPE)))
        wave = self.last(F.leaky_relu(x, _LAST_SLOPE)).tanh()
        return wave.squeeze(1)  # (B, 1, S) -> (B, S)


def check_rates(rates: tuple[int, ...], mel: MelConfig) -> None:
    """Raise `ConfigError` unless upsampling turns one frame into one hop."""
    if math.prod(rates) != mel.hop_length:
        raise ConfigError(
            f"upsample_rates: {' x '.join(map(str, rates))} make {math.prod(rates)} samples of a "
            f"frame; mel.hop_length is {mel.hop_length}"
        )


def _convolution(channels: int, kernel: int, dilation: int) -> nn.Conv1d:
    return nn.Conv1d(
        channels, channels, kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2
    )
