"""Griffin-Lim (1984): the vocoder without weights, the baseline that trained ones must beat."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.mel import MelConfig, mel_amplitude, mel_filterbank
from models.stft import Stft


@dataclass(frozen=True, slots=True)
class GriffinLimConfig:
    """`momentum` is that of the fast variant (Perraudin et al. 2013)."""

    iterations: int = 32
    momentum: float = 0.99


class GriffinLim(nn.Module):
    """Log-mels (B, n_mels, T) to waveforms (B, S) by alternating projections.

    The phase starts from fixed random angles, so the same mel gives the same waveform.
    """

    unmix: Tensor  # (n_fft // 2 + 1, n_mels)

    def __init__(
        self,
        config: GriffinLimConfig,
        mel: MelConfig,
        symbols: tuple[str, ...] = (),
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config = config
        self.mel = mel
        filters = torch.from_numpy(mel_filterbank(mel))
        self.register_buffer("unmix", torch.linalg.pinv(filters), persistent=False)
        self.stft = Stft(mel)

    def forward(self, mels: Tensor) -> Tensor:
        magnitude = (self.unmix @ mel_amplitude(mels, self.mel)).clamp(min=0.0)  # (B, F, T)
        generator = torch.Generator().manual_seed(0)
        angles = torch.rand(magnitude.shape[1:], generator=generator).to(magnitude) * 2 * torch.pi
        start = torch.polar(torch.ones_like(angles), angles).expand(magnitude.shape)
        config = self.config
        found = self.stft.find_phase(magnitude, start, config.iterations, config.momentum)
        return self.stft.invert(found)
