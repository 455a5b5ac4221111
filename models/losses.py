"""Spectral losses between a generated and a real waveform, both (B, S)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.errors import ConfigError


def weighted_sum(losses: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    """The sum of `losses` by name; names that differ from the weights' raise `ConfigError`."""
    if losses.keys() != weights.keys():
        raise ConfigError(
            f"loss weights: names must be {', '.join(losses)}; found {', '.join(weights)}"
        )
    return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()


def check_loss_names(weights: dict[str, float], names: tuple[str, ...]) -> None:
    """For a config's `__post_init__`: raise `ValueError` unless the weights have these names."""
    if set(weights) != set(names):
        raise ValueError(
            f"loss_weights: names must be {', '.join(names)}; found {', '.join(weights) or 'none'}"
        )


def magnitude_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Spectral convergence plus log-magnitude distance of complex spectrograms (B, F, T).

    Parallel WaveGAN (arXiv 1910.11480, eq. 4-6) at one resolution; magnitudes below -80 dB
    of full scale count as equal.
    """
    fake, real = fake.abs().clamp(min=1e-4), real.abs().clamp(min=1e-4)
    convergence = torch.linalg.vector_norm(real - fake) / torch.linalg.vector_norm(real)
    return convergence + F.l1_loss(fake.log(), real.log())


@dataclass(frozen=True, slots=True)
class StftLossConfig:
    """One resolution a place; the defaults are Parallel WaveGAN's, and MelGAN's."""

    fft_sizes: tuple[int, ...] = (1024, 2048, 512)
    hop_lengths: tuple[int, ...] = (120, 240, 50)
    win_lengths: tuple[int, ...] = (600, 1200, 240)

    def __post_init__(self) -> None:
        if not len(self.fft_sizes) == len(self.hop_lengths) == len(self.win_lengths) > 0:
            raise ValueError("fft_sizes: needs one hop length and one window length each")


class MultiResolutionStft(nn.Module):
    """Spectral convergence plus log-magnitude distance at several resolutions.

    Parallel WaveGAN (arXiv 1910.11480, eq. 4-6), with its three resolutions as default.
    """

    def __init__(self, config: StftLossConfig | None = None) -> None:
        super().__init__()
        config = config or StftLossConfig()
        self.resolutions = list(
            zip(config.fft_sizes, config.hop_lengths, config.win_lengths, strict=True)
        )
        for size in config.win_lengths:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        return torch.stack([self._one(fake, real, *sizes) for sizes in self.resolutions]).mean()

    def _one(self, fake: Tensor, real: Tensor, n_fft: int, hop: int, window: int) -> Tensor:
        fake_magnitude = self._magnitude(fake, n_fft, hop, window)
        real_magnitude = self._magnitude(real, n_fft, hop, window)
        convergence = torch.linalg.vector_norm(
            real_magnitude - fake_magnitude
        ) / torch.linalg.vector_norm(real_magnitude)
        return convergence + F.l1_loss(fake_magnitude.log(), real_magnitude.log())

    def _magnitude(self, wave: Tensor, n_fft: int, hop: int, window: int) -> Tensor:
        weights = getattr(self, f"window_{window}")
        spectrum = torch.stft(wave.float(), n_fft, hop, window, weights, return_complex=True)
        return (spectrum.real**2 + spectrum.imag**2).clamp(min=1e-7).sqrt()
