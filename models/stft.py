"""The STFT whose frames lie as `LogMel` with `same` padding lays them, and its inverse.

B batch, S = T * hop_length samples, F = n_fft // 2 + 1 bins, T frames.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.mel import MelConfig


class Stft(nn.Module):
    """Waveforms to complex spectrograms and back."""

    window: Tensor  # (win_length,)

    def __init__(self, mel: MelConfig) -> None:
        super().__init__()
        self.mel = mel
        self.register_buffer("window", torch.hann_window(mel.win_length), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """(B, S) -> complex (B, F, T)"""
        mel = self.mel
        pad = (mel.n_fft - mel.hop_length) // 2
        wave = F.pad(wave.unsqueeze(1), (pad, pad), mode="reflect").squeeze(1)
        return torch.stft(
            wave,
            mel.n_fft,
            mel.hop_length,
            mel.win_length,
            self.window,
            center=False,
            return_complex=True,
        )

    def invert(self, spectrum: Tensor) -> Tensor:
        """Complex (B, F, T) -> (B, S), the least-squares inverse (Griffin & Lim 1984, eq. 6)."""
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

    def find_phase(
        self, magnitude: Tensor, spectrum: Tensor, iterations: int, momentum: float = 0.99
    ) -> Tensor:
        """Phases that make `magnitude` (B, F, T) a spectrogram of some waveform.

        Fast Griffin-Lim (Perraudin et al. 2013) from the phases of the complex `spectrum`
        (B, F, T). Returns the complex spectrogram with `magnitude` and the phases found.
        """
        phase = spectrum / (spectrum.abs() + 1e-12)
        previous = torch.zeros_like(phase)
        for _ in range(iterations):
            rebuilt = self(self.invert(magnitude * phase))
            ahead = rebuilt - previous * (momentum / (1 + momentum))
            phase = ahead / (ahead.abs() + 1e-12)
            previous = rebuilt
        return magnitude * phase


def _overlap_add(frames: Tensor, length: int, hop: int) -> Tensor:
    """(B, n_fft, T) -> (B, length)"""
    folded = F.fold(frames, (1, length), (1, frames.shape[1]), stride=(1, hop))
    return folded[:, 0, 0]
