"""MelGAN (arXiv 1910.06711) in the form of ParallelWaveGAN, whose kernels it takes.

B batch, T mel frames, S = T * hop_length samples, C channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import check_least
from models.mel import MelConfig
from models.vocoders.hifigan import check_rates


@dataclass(frozen=True, slots=True)
class MelGanConfig:
    """Sizes, those of the paper by default. `causal` looks at no later frame."""

    channels: int = 512
    kernel_size: int = 7
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    stack_kernel_size: int = 3
    stacks: int = 3
    slope: float = 0.2
    causal: bool = False

    def __post_init__(self) -> None:
        check_least(self, 1, "kernel_size", "upsample_rates", "stack_kernel_size")
        check_least(self, 0, "stacks")
        if self.kernel_size % 2 == 0 or self.stack_kernel_size % 2 == 0:
            raise ValueError("kernel_size: kernels must be odd")
        if self.channels < 2 ** len(self.upsample_rates):
            raise ValueError(f"channels: {self.channels} cannot be halved at every upsampling")


class PaddedConv(nn.Module):
    """A convolution over reflected edges; a causal one sees only what came before. (B, C, S)"""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, dilation: int, causal: bool
    ) -> None:
        super().__init__()
        self.causal = causal
        self.reach = (kernel - 1) * dilation
        self.conv = nn.Conv1d(in_channels, out_channels, kernel, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        sides = (self.reach, 0) if self.causal else (self.reach // 2, self.reach // 2)
        out: Tensor = self.conv(F.pad(x, sides, mode="reflect"))
        return out


class Upsampling(nn.Module):
    """(B, C, S) -> (B, C / 2, rate * S)"""

    def __init__(self, channels: int, rate: int, causal: bool) -> None:
        super().__init__()
        self.rate, self.causal = rate, causal
        padding, extra = (0, 0) if causal else (rate // 2 + rate % 2, rate % 2)
        self.conv = nn.ConvTranspose1d(channels, channels // 2, 2 * rate, rate, padding, extra)

    def forward(self, x: Tensor) -> Tensor:
        if self.causal:
            x = F.pad(x, (1, 0), mode="replicate")
        out: Tensor = self.conv(x)
        return out[:, :, self.rate : -self.rate] if self.causal else out


class ResidualStack(nn.Module):
    """A dilated convolution beside a shortcut (appendix A of the paper). (B, C, S)"""

    def __init__(self, channels: int, config: MelGanConfig, dilation: int) -> None:
        super().__init__()
        self.slope = config.slope
        self.dilated = PaddedConv(
            channels, channels, config.stack_kernel_size, dilation, config.causal
        )
        self.plain = nn.Conv1d(channels, channels, 1)
        self.shortcut = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.dilated(F.leaky_relu(x, self.slope))
        hidden = self.plain(F.leaky_relu(hidden, self.slope))
        out: Tensor = hidden + self.shortcut(x)
        return out


class MelGan(nn.Module):
    """Log-mels (B, n_mels, T) to waveforms (B, T * hop_length).

    Mels are brought to zero mean and unit variance by buffers that training fills in.
    """

    mel_mean: Tensor  # (n_mels, 1)
    mel_std: Tensor  # (n_mels, 1)

    def __init__(
        self,
        config: MelGanConfig,
        mel: MelConfig,
        symbols: tuple[str, ...] = (),
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        check_rates(config.upsample_rates, mel)
        self.config, self.mel = config, mel
        self.register_buffer("mel_mean", torch.zeros(mel.n_mels, 1))
        self.register_buffer("mel_std", torch.ones(mel.n_mels, 1))
        channels, kernel = config.channels, config.kernel_size
        self.first = PaddedConv(mel.n_mels, channels, kernel, 1, config.causal)
        self.upsamplings = nn.ModuleList()
        self.stacks = nn.ModuleList()
        for rate in config.upsample_rates:
            self.upsamplings.append(Upsampling(channels, rate, config.causal))
            channels //= 2
            dilations = [config.stack_kernel_size**power for power in range(config.stacks)]
            self.stacks.append(
                nn.Sequential(*(ResidualStack(channels, config, d) for d in dilations))
            )
        self.last = PaddedConv(channels, 1, kernel, 1, config.causal)

    def forward(self, mels: Tensor) -> Tensor:
        x = self.first((mels - self.mel_mean) / self.mel_std)  # (B, n_mels, T) -> (B, C, T)
        for upsampling, stack in zip(self.upsamplings, self.stacks, strict=True):
            x = stack(upsampling(F.leaky_relu(x, self.config.slope)))
        wave = self.last(F.leaky_relu(x, self.config.slope)).tanh()
        return wave.squeeze(1)  # (B, 1, S) -> (B, S)
