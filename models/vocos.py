"""Vocos (arXiv 2306.00814): a vocoder that predicts the STFT and inverts it once.

B batch, T mel frames, S = T * hop_length samples.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.mel import MelConfig


@dataclass(frozen=True, slots=True)
class VocosConfig:
    """Sizes of the backbone; the paper's are 512 wide, 1536 inside, 8 deep."""

    dim: int = 320
    hidden_dim: int = 960
    num_layers: int = 8

    def __post_init__(self) -> None:
        if min(self.dim, self.hidden_dim, self.num_layers) < 1:
            raise ValueError("dim: dim, hidden_dim and num_layers must be positive")


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a two-layer MLP on every frame (section 3.3).

    (B, dim, T) -> (B, dim, T)
    """

    def __init__(self, dim: int, hidden_dim: int, layer_scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.expand = nn.Linear(dim, hidden_dim)
        self.contract = nn.Linear(hidden_dim, dim)
        self.scale = nn.Parameter(torch.full((dim,), layer_scale))

    def forward(self, x: Tensor) -> Tensor:
        residual = x
        x = self.depthwise(x).transpose(1, 2)  # (B, dim, T) -> (B, T, dim)
        x = self.contract(F.gelu(self.expand(self.norm(x))))
        x = self.scale * x
        return residual + x.transpose(1, 2)  # (B, T, dim) -> (B, dim, T)


class Vocos(nn.Module):
    """Log-mels (B, n_mels, T) to waveforms (B, T * hop_length), with `same` padding."""

    window: Tensor  # (win_length,)

    def __init__(
        self,
        config: VocosConfig,
        mel: MelConfig,
        symbols: tuple[str, ...] = (),
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config = config
        self.mel = mel
        self.embed = nn.Conv1d(mel.n_mels, config.dim, kernel_size=7, padding=3)
        self.norm = nn.LayerNorm(config.dim, eps=1e-6)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(config.dim, config.hidden_dim, 1 / config.num_layers)
            for _ in range(config.num_layers)
        )
        self.final_norm = nn.LayerNorm(config.dim, eps=1e-6)
        self.head = nn.Linear(config.dim, mel.n_fft + 2)
        self.register_buffer("window", torch.hann_window(mel.win_length), persistent=False)
        self.apply(_initialize)

    def forward(self, mels: Tensor) -> Tensor:
        return self.invert(self.spectrum(mels))

    def spectrum(self, mels: Tensor) -> Tensor:
        """The complex STFT (B, n_fft // 2 + 1, T) of the waveforms to come."""
        x = self.norm(self.embed(mels).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        x = self.head(self.final_norm(x.transpose(1, 2))).float()  # (B, T, n_fft + 2)
        log_magnitude, phase = x.transpose(1, 2).chunk(2, dim=1)
        magnitude = log_magnitude.exp().clamp(max=1e2)
        return torch.complex(magnitude * phase.cos(), magnitude * phase.sin())  # eq. 3

    def invert(self, spectrum: Tensor) -> Tensor:
        """Inverse STFT whose frames lie as `LogMel` with `same` padding laid them.

        (B, n_fft // 2 + 1, T) -> (B, T * hop_length)
        """
        n_fft, hop = self.mel.n_fft, self.mel.hop_length
        num_frames = spectrum.shape[-1]
        frames = torch.fft.irfft(spectrum, n_fft, dim=1) * self.window[:, None]
        squares = self.window.square()[None, :, None].expand(1, n_fft, num_frames)
        length = (num_frames - 1) * hop + n_fft
        wave = _overlap_add(frames, length, hop)
        envelope = _overlap_add(squares, length, hop)
        pad = (n_fft - hop) // 2
        # The window is zero at the outermost sample, which the trim removes.
        return wave[:, pad:-pad] / envelope[:, pad:-pad]


def _overlap_add(frames: Tensor, length: int, hop: int) -> Tensor:
    """(B, n_fft, T) -> (B, length)"""
    folded = F.fold(frames, (1, length), (1, frames.shape[1]), stride=(1, hop))
    return folded[:, 0, 0]


def _initialize(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv1d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
