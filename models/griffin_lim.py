"""Griffin-Lim (1984): the vocoder without weights, the baseline that trained ones must beat."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.mel import MelConfig, mel_filterbank


@dataclass(frozen=True, slots=True)
class GriffinLimConfig:
    """`momentum` is that of the fast variant (Perraudin et al. 2013)."""

    iterations: int = 32
    momentum: float = 0.99


class GriffinLim(nn.Module):
    """Log-mels (B, n_mels, T) to waveforms (B, T * hop_length) by alternating projections.

    The phase starts from fixed random angles, so the same mel gives the same waveform.
    """

    unmix: Tensor  # (n_fft // 2 + 1, n_mels)
    window: Tensor  # (win_length,)

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
        self.register_buffer("window", torch.hann_window(mel.win_length), persistent=False)

    def forward(self, mels: Tensor) -> Tensor:
        amplitude = mels.float().exp() if self.mel.log == "ln" else 10 ** mels.float()
        magnitude = (self.unmix @ amplitude).clamp(min=0.0)  # (B, n_fft // 2 + 1, T)
        num_samples = mels.shape[-1] * self.mel.hop_length
        generator = torch.Generator().manual_seed(0)
        angles = torch.rand(magnitude.shape[1:], generator=generator).to(magnitude) * 2 * torch.pi
        phase = torch.polar(torch.ones_like(angles), angles).expand(magnitude.shape)
        previous = torch.zeros_like(phase)
        for _ in range(self.config.iterations):
            rebuilt = self._stft(self._istft(magnitude * phase, num_samples), magnitude.shape[-1])
            phase = rebuilt - previous * (self.config.momentum / (1 + self.config.momentum))
            phase = phase / (phase.abs() + 1e-16)
            previous = rebuilt
        return self._istft(magnitude * phase, num_samples)

    def _istft(self, spectrum: Tensor, num_samples: int) -> Tensor:
        """Frames centred every hop, the first one at half a hop (`same` padding)."""
        n_fft, hop = self.mel.n_fft, self.mel.hop_length
        wave = torch.istft(
            spectrum,
            n_fft,
            hop,
            self.mel.win_length,
            self.window,
            center=True,
            length=num_samples - hop // 2,
        )
        return nn.functional.pad(wave, (hop // 2, 0))

    def _stft(self, wave: Tensor, num_frames: int) -> Tensor:
        n_fft, hop = self.mel.n_fft, self.mel.hop_length
        spectrum = torch.stft(
            wave[:, hop // 2 :],
            n_fft,
            hop,
            self.mel.win_length,
            self.window,
            center=True,
            return_complex=True,
        )
        return spectrum[..., :num_frames]
