"""Vocos (arXiv 2306.00814): a vocoder that predicts the STFT and inverts it once.

B batch, T mel frames, S samples: T * hop_length with `same` padding of the mel,
(T - 1) * hop_length with `center`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.mel import MelConfig, mel_amplitude, mel_filterbank
from models.stft import Stft


@dataclass(frozen=True, slots=True)
class VocosConfig:
    """Sizes of the backbone; the paper's are 512 wide, 1536 inside, 8 deep.

    Two additions make little training go far, and 0 leaves each out: `mel_rounds` scale the
    magnitudes to the mel asked for, `phase_iterations` of Griffin-Lim polish the phases.
    """

    dim: int = 320
    hidden_dim: int = 960
    num_layers: int = 8
    mel_rounds: int = 3
    phase_iterations: int = 16

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


class InverseMel(nn.Module):
    """Magnitudes whose mel spectrogram is the one asked for.

    A mel says how much energy each band holds, not where in the band. The network proposes the
    shape; multiplicative updates (Lee & Seung 2001, the Kullback-Leibler form) then scale it
    until every band holds its energy. Beyond the outermost bands the mel is mute, and the
    network has its way up to the loudest bin of the top tenth of the covered ones.
    """

    filters: Tensor  # (n_mels, F)
    shares: Tensor  # (n_mels, F): how much each band has to say about each bin
    is_covered: Tensor  # (F, 1)
    is_top: Tensor  # (F, 1)

    def __init__(self, mel: MelConfig) -> None:
        super().__init__()
        self.mel = mel
        filters = torch.from_numpy(mel_filterbank(mel))
        peaks = filters / filters.amax(dim=1, keepdim=True).clamp(min=1e-9)
        total = peaks.sum(dim=0)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("shares", peaks / total.clamp(min=1e-9), persistent=False)
        is_covered = (total > 1e-3)[:, None]
        highest = int(is_covered.nonzero()[-1, 0])
        is_top = is_covered & (torch.arange(len(total)) > 0.9 * highest)[:, None]
        self.register_buffer("is_covered", is_covered, persistent=False)
        self.register_buffer("is_top", is_top, persistent=False)

    def forward(self, log_mels: Tensor, shape: Tensor, rounds: int) -> Tensor:
        """Log-mels (B, n_mels, T) and a shape (B, F, T) to magnitudes (B, F, T)."""
        wanted = mel_amplitude(log_mels, self.mel)
        magnitude = shape
        for _ in range(rounds):
            found = self.filters @ magnitude
            ratio = wanted / found.clamp(min=self.mel.floor * 0.1)  # (B, n_mels, T)
            correction = self.shares.T @ ratio
            magnitude = torch.where(self.is_covered, magnitude * correction, magnitude)
        ceiling = (magnitude * self.is_top).amax(dim=1, keepdim=True)  # (B, 1, T)
        return torch.where(self.is_covered, magnitude, torch.minimum(magnitude, ceiling))


class Vocos(nn.Module):
    """Log-mels (B, n_mels, T) to waveforms (B, S)."""

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
        self.inverse_mel = InverseMel(mel)
        self.stft = Stft(mel)
        self.apply(_initialize)

    def forward(self, mels: Tensor, as_spectrum: bool = False) -> Tensor:
        """Waveforms (B, S), or with `as_spectrum` their complex STFT (B, F, T) as predicted."""
        spectrum = self.spectrum(mels)
        if as_spectrum:
            return spectrum
        magnitude = spectrum.abs()
        polished = self.stft.find_phase(magnitude, spectrum, self.config.phase_iterations)
        return self.stft.invert(polished)

    def backbone(self, mels: Tensor) -> Tensor:
        """(B, n_mels, T) -> (B, dim, T)"""
        x = self.norm(self.embed(mels).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.final_norm(x.transpose(1, 2)).transpose(1, 2)

    def spectrum(self, mels: Tensor) -> Tensor:
        """The complex STFT (B, F, T) of the waveforms to come."""
        x = self.head(self.backbone(mels).transpose(1, 2)).float()  # (B, T, n_fft + 2)
        log_magnitude, phase = x.transpose(1, 2).chunk(2, dim=1)
        magnitude = log_magnitude.exp().clamp(max=1e2)
        if self.config.mel_rounds:
            magnitude = self.inverse_mel(mels, magnitude, self.config.mel_rounds)
        return torch.complex(magnitude * phase.cos(), magnitude * phase.sin())  # eq. 3


def _initialize(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv1d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
