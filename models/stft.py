"""The STFT whose frames lie where `LogMel` lays them, and its inverse.

B batch, F = n_fft // 2 + 1 bins, T frames, S samples: T * hop_length with `same` padding,
(T - 1) * hop_length with `center`, whose first and last frame stand on the wave's ends.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.mel import MelConfig

_LEAST_ENVELOPE = 1e-12  # only beyond what is kept of a wave is it less
_LEAST_POWER = 1e-30  # of a bin that has a phase


class Stft(nn.Module):
    """Waveforms to complex spectrograms and back."""

    window: Tensor  # (n_fft,), zero beyond the middle win_length

    def __init__(self, mel: MelConfig) -> None:
        super().__init__()
        self.mel = mel
        missing = mel.n_fft - mel.win_length
        window = F.pad(torch.hann_window(mel.win_length), (missing // 2, missing - missing // 2))
        self.register_buffer("window", window, persistent=False)

    def forward(self, wave: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, S) -> complex (B, F, T). With `lengths` (B,) in frames every wave is mirrored where
        these end, so that its frames are those that it has alone.
        """
        mel = self.mel
        if lengths is None:
            mode = "reflect" if wave.shape[-1] > max(mel.paddings) else "constant"
            wave = F.pad(wave.unsqueeze(1), mel.paddings, mode=mode).squeeze(1)
        else:
            wave = wave.gather(1, self._mirrored(wave.shape[1], lengths))
        return torch.stft(
            wave,
            mel.n_fft,
            mel.hop_length,
            window=self.window,
            center=False,
            return_complex=True,
        )

    def _mirrored(self, size: int, lengths: Tensor) -> Tensor:
        """Where in waves (B, `size`) the samples lie that pad them: (B, S + both paddings)."""
        before, after = self.mel.paddings
        places = torch.arange(-before, size + after, device=lengths.device).abs()
        hops = lengths if self.mel.padding == "same" else lengths - 1
        last = (hops * self.mel.hop_length - 1)[:, None]  # (B, 1)
        return torch.where(places > last, 2 * last - places, places).clamp(min=0)

    def invert(self, spectrum: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Complex (B, F, T) -> (B, S), the least-squares inverse (Griffin & Lim 1984, eq. 6); of
        `lengths` (B,) frames of it, where they are given.
        """
        n_fft, hop = self.mel.n_fft, self.mel.hop_length
        frames = torch.fft.irfft(spectrum.transpose(1, 2), n_fft) * self.window  # (B, T, n_fft)
        num_frames = frames.shape[1]
        squares = self.window.square().expand(1, num_frames, n_fft)
        if lengths is not None:
            inside = (torch.arange(num_frames, device=lengths.device) < lengths[:, None])[..., None]
            frames, squares = frames * inside, squares * inside
        wave, envelope = _overlap_add(frames, hop), _overlap_add(squares, hop)
        start, end = self.mel.paddings
        # The window is zero at the outermost sample, which the trim removes.
        kept = slice(start, (num_frames - 1) * hop + n_fft - end)
        return wave[:, kept] / envelope[:, kept].clamp(min=_LEAST_ENVELOPE)

    def find_phase(
        self,
        magnitude: Tensor,
        spectrum: Tensor,
        iterations: int,
        momentum: float = 0.99,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Phases that make `magnitude` (B, F, T) a spectrogram of some waveform.

        Fast Griffin-Lim (Perraudin et al. 2013) from the phases of the complex `spectrum`
        (B, F, T). Returns the complex spectrogram with `magnitude` and the phases found.
        """
        found = with_magnitude(spectrum, magnitude)
        previous: Tensor | None = None
        for _ in range(iterations):
            rebuilt = self(self.invert(found, lengths), lengths)
            ahead = rebuilt
            if previous is not None:
                ahead = torch.sub(rebuilt, previous, alpha=momentum / (1 + momentum))
            found, previous = with_magnitude(ahead, magnitude), rebuilt
        return found


def with_magnitude(spectrum: Tensor, magnitude: Tensor) -> Tensor:
    """Another magnitude under the phases of a complex spectrum; 0 where that is 0.

    `abs` of complex numbers takes torch several times as long as its parts do.
    """
    power = torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag)
    return spectrum * (magnitude * power.clamp(min=_LEAST_POWER).rsqrt())


def _overlap_add(frames: Tensor, hop: int) -> Tensor:
    """(B, T, L) frames, each `hop` after the one before, to their sum (B, at least S + L - hop).

    A frame is cut into pieces of `hop` samples; the n-th pieces of all frames lie end to end.
    """
    batch, num_frames, length = frames.shape
    pieces = F.pad(frames, (0, -length % hop)).unflatten(2, (-1, hop))  # (B, T, L / hop, hop)
    overlap = pieces.shape[2]
    total = frames.new_zeros(batch, num_frames + overlap - 1, hop)
    for index in range(overlap):
        total[:, index : index + num_frames] += pieces[:, :, index]
    return total.flatten(1)
