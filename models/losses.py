"""Spectral losses between a generated and a real waveform, both (B, S)."""

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.errors import ConfigError
from models.mel import LogMel, MelConfig


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
        for size, window in zip(self.fft_sizes, self.win_lengths, strict=True):
            if not 1 <= window <= size:
                raise ValueError(f"win_lengths: from 1 to the FFT size {size}, found {window}")
        if min(self.hop_lengths) < 1:
            raise ValueError(f"hop_lengths: at least 1, found {min(self.hop_lengths)}")


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


class EnergyDistance(nn.Module):
    """The generalized energy distance of spectra (arXiv 2008.01160, eq. 3): two generated waves
    (B, S) as far from the real one as it is from another of its kind, half as far from each other.

    `spectrum`: log and linear magnitudes at several resolutions; `mel`: log-mels of the whole band.
    """

    def __init__(self, mel: MelConfig, fft_sizes: tuple[int, ...], repulsion: float = 0.5) -> None:
        super().__init__()
        self.fft_sizes, self.repulsion = fft_sizes, repulsion
        self._log_mel = LogMel(dataclasses.replace(mel, f_max=None))
        for size in fft_sizes:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)

    def forward(self, real: Tensor, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            wanted = self._spectra(real)
            wanted_mel = self._log_mel(real)
        both = torch.cat([first, second])
        mels = self._log_mel(both).chunk(2)
        pairs = [(one[: len(real)], one[len(real) :]) for one in self._spectra(both)]
        ones, others = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        attraction = (self._between(ones, wanted) + self._between(others, wanted)) / 2
        mel = (F.l1_loss(mels[0], wanted_mel) + F.l1_loss(mels[1], wanted_mel)) / 2
        return {
            "spectrum": attraction - self.repulsion * self._between(ones, others),
            "mel": mel - self.repulsion * F.l1_loss(mels[0], mels[1]),
        }

    def _spectra(self, wave: Tensor) -> list[Tensor]:
        """Power spectra (B, F, T), one a resolution."""
        spectra = []
        for size in self.fft_sizes:
            window = getattr(self, f"window_{size}")
            spectrum = torch.stft(wave, size, size // 4, window=window, return_complex=True)
            spectra.append(spectrum.real.square() + spectrum.imag.square())
        return spectra

    def _between(self, ones: list[Tensor], others: list[Tensor]) -> Tensor:
        distances = []
        for size, one, other in zip(self.fft_sizes, ones, others, strict=True):
            quiet = 4e-6 * size / 1024  # power that counts as silence
            log = ((one + quiet).log() - (other + quiet).log()).abs().mean() / 2
            linear = ((one + 1e-8).sqrt() - (other + 1e-8).sqrt()).abs().mean() / size**0.5
            distances.append(log + 8 * linear)
        return torch.stack(distances).mean()
