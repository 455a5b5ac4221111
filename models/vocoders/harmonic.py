"""A harmonic-source vocoder: a pulse train and noise, each shaped by a filter a frame, then one
inverse STFT.

The source-filter form of neural vocoders (neural source-filter, arXiv 1810.11946; DDSP, arXiv
2001.04643) with the network of Vocos (arXiv 2306.00814). Harmonics stand where F0 puts them, so a
smooth mel from an acoustic model still gives a clean voice.

B batch, M mel bands, K knots, F = n_fft // 2 + 1 bins, T mel frames, S = T * hop_length samples.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.mel import MelConfig, band_centers_hz, mel_filterbank
from models.stft import Stft
from models.vocoders.vocos import ConvNeXtBlock, InverseMel

_MEL_CENTER, _MEL_SPREAD = -5.0, 2.2  # of natural-log mels of speech, roughly
LN_F0_CENTER = 5.1  # ln of 164 Hz
_F0_WITHOUT_VOICE_HZ = 150.0
_NOISE_BLOCK = 65_536  # samples drawn at a time, so that a longer wave begins with the same noise
_GAIN_RANGE = (-14.0, 6.0)  # of a filter, in nepers
_HIGHEST_HARMONIC = 0.98  # of the Nyquist frequency


@dataclass(frozen=True, slots=True)
class HarmonicConfig:
    """Sizes. `knots` are the frequencies, evenly spaced in mel, at which filters are predicted.

    `phase_rounds` of Griffin-Lim make the predicted magnitudes and phases agree. `mel_rounds`
    hold the magnitudes to the mel first, which helps recordings' mels and harms predicted ones.
    """

    dim: int = 256
    hidden_dim: int = 640
    num_layers: int = 5
    knots: int = 160
    pitch_dim: int = 128
    pitch_layers: int = 4
    phase_rounds: int = 2
    mel_rounds: int = 0

    def __post_init__(self) -> None:
        if min(self.dim, self.hidden_dim, self.num_layers, self.pitch_dim, self.pitch_layers) < 1:
            raise ValueError("dim: dims and numbers of layers must be positive")
        if self.knots < 3:
            raise ValueError(f"knots: at least 3, found {self.knots}")
        if min(self.phase_rounds, self.mel_rounds) < 0:
            raise ValueError("phase_rounds: rounds must be 0 or more")


class Filters(NamedTuple):
    """What is done to the pulse train (complex) and to the noise (real), both (B, F, T)."""

    harmonic: Tensor
    noise: Tensor


class PitchNet(nn.Module):
    """F0 and voicing from the mel alone, for acoustic models that give no pitch.

    (B, M, T) -> ln F0 above 164 Hz (B, T), logit of being voiced (B, T)
    """

    def __init__(self, config: HarmonicConfig, n_mels: int) -> None:
        super().__init__()
        widths = [n_mels] + [config.pitch_dim] * config.pitch_layers
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, config.pitch_dim, 5, padding=2) for width in widths[:-1]
        )
        self.norms = nn.ModuleList(nn.LayerNorm(config.pitch_dim) for _ in self.convolutions)
        self.head = nn.Linear(config.pitch_dim, 2)

    def forward(self, mels: Tensor) -> tuple[Tensor, Tensor]:
        x = (mels - _MEL_CENTER) / _MEL_SPREAD
        for index, (convolution, norm) in enumerate(
            zip(self.convolutions, self.norms, strict=True)
        ):
            y = F.gelu(norm(convolution(x).transpose(1, 2)).transpose(1, 2))
            x = x + y if index else y
        log_f0, voicing = self.head(x.transpose(1, 2)).float().unbind(dim=2)
        return log_f0, voicing


class Harmonic(nn.Module):
    """Log-mels (B, M, T), and F0 where it is known, to waveforms (B, S)."""

    uses_pitch = True

    to_bins: Tensor  # (K, F): knots to STFT bins
    to_knots: Tensor  # (M, K): mel bands to knots
    band_level: Tensor  # (M,): the log-mel of white noise of variance 1
    fold: Tensor  # (n_fft,): makes a cepstrum causal

    def __init__(
        self,
        config: HarmonicConfig,
        mel: MelConfig,
        symbols: tuple[str, ...] = (),
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config, self.mel = config, mel
        self.embed = nn.Conv1d(mel.n_mels + 3, config.dim, kernel_size=7, padding=3)
        self.norm = nn.LayerNorm(config.dim)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(config.dim, config.hidden_dim, 1 / config.num_layers)
            for _ in range(config.num_layers)
        )
        self.final_norm = nn.LayerNorm(config.dim)
        self.head = nn.Linear(config.dim, 3 * config.knots)
        self.pitch_net = PitchNet(config, mel.n_mels)
        self.stft = Stft(mel)
        self.inverse_mel = InverseMel(mel)
        knots_hz = _knots_hz(mel, config.knots)
        self._register_maps(knots_hz)
        self._initialize(knots_hz)

    def _register_maps(self, knots_hz: np.ndarray) -> None:
        mel = self.mel
        bins_hz = np.linspace(0, mel.sample_rate / 2, mel.n_fft // 2 + 1)
        noise_level = math.sqrt(float(self.stft.window.square().sum()) * math.pi) / 2
        level = torch.from_numpy(mel_filterbank(mel)).sum(dim=1) * noise_level
        fold = torch.zeros(mel.n_fft)
        fold[0] = fold[mel.n_fft // 2] = 1
        fold[1 : mel.n_fft // 2] = 2
        self.register_buffer("to_bins", _interpolation(knots_hz, bins_hz), persistent=False)
        bands = _interpolation(band_centers_hz(mel), knots_hz)
        self.register_buffer("to_knots", bands, persistent=False)
        self.register_buffer("band_level", level.log().float(), persistent=False)
        self.register_buffer("fold", fold, persistent=False)

    def _initialize(self, knots_hz: np.ndarray) -> None:
        """Begin as a voice: harmonics below, noise above."""
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        height = torch.from_numpy(knots_hz / knots_hz[-1]).float()  # 0 to 1
        knots = self.config.knots
        with torch.no_grad():
            self.head.weight.mul_(0.3)
            self.head.bias[:knots] = -2 * height
            self.head.bias[knots : 2 * knots] = -1.5 * (1 - height)

    def forward(
        self,
        mels: Tensor,
        pitch_hz: Tensor | None = None,
        seeds: Sequence[int] = (),
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Waveforms (B, S). `pitch_hz` (B, T) is 0 where unvoiced; None: read off the mels.

        `seeds` are those of the noise, one an item; none: 0 for all. With `lengths` (B,) in frames
        an item is what it is alone, up to its length; they need `pitch_hz`, 0 beyond them.
        """
        if pitch_hz is None:
            pitch_hz = self.find_pitch(mels)
        noise = self.noise(seeds or [0] * len(mels), mels.shape[2])
        return self.from_sources(mels, pitch_hz, noise.to(mels), lengths)

    def noise(self, seeds: Sequence[int], num_frames: int) -> Tensor:
        """White noise (B, S) of variance 1, of one seed an item."""
        num_samples = num_frames * self.mel.hop_length
        return torch.stack([_noise(seed, num_samples) for seed in seeds])

    def from_sources(
        self, mels: Tensor, pitch_hz: Tensor, noise: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """As `forward`, of known pitch (B, T) and drawn noise (B, S)."""
        filters = self.filters(mels, pitch_hz, lengths)
        spectrum = self.shape_sources(filters, self.pulses(pitch_hz), noise, lengths)
        magnitude = torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag).sqrt()
        if self.config.mel_rounds:
            magnitude = self.inverse_mel(mels, magnitude.clamp(min=1e-6), self.config.mel_rounds)
        elif not self.config.phase_rounds:
            return self.stft.invert(spectrum, lengths)
        rounds = self.config.phase_rounds
        agreed = self.stft.find_phase(magnitude, spectrum, rounds, lengths=lengths)
        return self.stft.invert(agreed, lengths)

    def find_pitch(self, mels: Tensor) -> Tensor:
        """F0 in Hz (B, T) as the mels (B, M, T) show it, 0 where unvoiced."""
        log_f0, voicing = self.pitch_net(mels)
        return torch.where(voicing > 0, (log_f0 + LN_F0_CENTER).exp(), 0.0)

    def filters(self, mels: Tensor, pitch_hz: Tensor, lengths: Tensor | None = None) -> Filters:
        """Mels (B, M, T) and F0 (B, T) to what shapes the two sources."""
        shapes = self.shapes(mels, pitch_hz, lengths)
        harmonic, noise, phase = shapes.chunk(3, dim=2)
        base = (mels - self.band_level[:, None]).transpose(1, 2) @ self.to_knots  # (B, T, K)
        log_harmonic = ((base + harmonic.clamp(-12, 6)) @ self.to_bins).clamp(*_GAIN_RANGE)
        log_noise = ((base + noise.clamp(-12, 6)) @ self.to_bins).clamp(*_GAIN_RANGE)
        angle = self._minimum_phase(log_harmonic) + phase @ self.to_bins
        gain = log_harmonic.exp()  # `torch.polar` takes twice as long as this
        complex_gain = torch.complex(gain * angle.cos(), gain * angle.sin())
        return Filters(complex_gain.transpose(1, 2), log_noise.exp().transpose(1, 2))

    def shapes(self, mels: Tensor, pitch_hz: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The network: mels (B, M, T) and F0 (B, T) to log gains of pulses and noise and a phase at
        every knot, (B, T, 3 K).

        Frames beyond `lengths` (B,) are 0 before every convolution, as its padding is.
        """
        keep: Tensor | float = 1.0
        if lengths is not None:
            frames = torch.arange(mels.shape[2], device=lengths.device)
            keep = (frames < lengths[:, None])[:, None].to(mels.dtype)  # (B, 1, T)
        voiced = (pitch_hz > 0).to(mels.dtype)
        height = (fill_pitch(pitch_hz).log() - LN_F0_CENTER) * 2
        pitch = torch.stack([height, voiced * 2 - 1, height * voiced], dim=1)  # (B, 3, T)
        x = torch.cat([(mels - _MEL_CENTER) / _MEL_SPREAD, pitch], dim=1) * keep
        x = self.norm(self.embed(x).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x * keep)
        made: Tensor = self.head(self.final_norm(x.transpose(1, 2))).float()
        return made

    def _minimum_phase(self, log_magnitude: Tensor) -> Tensor:
        """The phase (B, T, F) of the minimum-phase filter with this log magnitude (B, T, F):
        its cepstrum made causal (Oppenheim & Schafer, Discrete-Time Signal Processing, 13.5).
        """
        cepstrum = torch.fft.irfft(log_magnitude, self.mel.n_fft)
        return torch.fft.rfft(cepstrum * self.fold).imag

    def shape_sources(
        self, filters: Filters, pulses: Tensor, noise: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """The complex spectrum (B, F, T) of pulses and noise (B, S), each through its filter."""
        voice, breath = self.stft(pulses, lengths), self.stft(noise, lengths)
        return voice * filters.harmonic + breath * filters.noise

    def pulses(self, pitch_hz: Tensor, first_phase: Tensor | None = None) -> Tensor:
        """A pulse train (B, S) at F0 (B, T), of the power density of white noise of variance 1.

        All harmonics below the Nyquist frequency with equal amplitude, as a closed sum (the
        Dirichlet kernel). `first_phase` (B,) is in periods.
        """
        nyquist = self.mel.sample_rate / 2
        hop = float(self.mel.hop_length)
        f0 = F.interpolate(
            fill_pitch(pitch_hz)[:, None], scale_factor=hop, mode="linear", align_corners=False
        )[:, 0]
        periods = (f0.double() / self.mel.sample_rate).cumsum(dim=1)
        if first_phase is not None:
            periods = periods + first_phase[:, None]
        half = ((periods % 1.0) * math.pi).float()
        highest = torch.floor(_HIGHEST_HARMONIC * nyquist / f0)
        sine = half.sin()
        at_pulse = sine.abs() < 1e-4
        ratio = ((2 * highest + 1) * half).sin() / torch.where(at_pulse, 1.0, sine)
        kernel = torch.where(at_pulse, 2 * highest + 1, ratio)
        return (kernel - 1) / 2 * (2 * f0 / nyquist).sqrt()


def fill_pitch(pitch_hz: Tensor) -> Tensor:
    """F0 (B, T) with its unvoiced frames (0) bridged: ln F0 runs straight between voiced ones,
    and is level before the first and after the last.
    """
    voiced = pitch_hz > 0
    frames = torch.arange(pitch_hz.shape[1], device=pitch_hz.device).expand_as(pitch_hz)
    before = torch.where(voiced, frames, -1).cummax(dim=1).values
    last = pitch_hz.shape[1]
    after = torch.where(voiced, frames, last).flip(1).cummin(dim=1).values.flip(1)
    before, after = (
        torch.where(before < 0, after, before),
        torch.where(after >= last, before, after),
    )
    log_f0 = pitch_hz.clamp(min=1e-3).log()
    left, right = (log_f0.gather(1, at.clamp(0, last - 1)) for at in (before, after))
    share = (frames - before).to(log_f0) / (after - before).clamp(min=1)
    bridged = torch.lerp(left, right, share.to(log_f0)).exp()
    return torch.where(voiced.any(dim=1, keepdim=True), bridged, _F0_WITHOUT_VOICE_HZ)


def _noise(seed: int, num_samples: int) -> Tensor:
    """White noise (num_samples,) of variance 1: a longer one of the same seed begins with it."""
    generator = torch.Generator().manual_seed(seed)
    blocks = -(-num_samples // _NOISE_BLOCK)
    drawn = [torch.randn(_NOISE_BLOCK, generator=generator) for _ in range(blocks)]
    return torch.cat(drawn)[:num_samples]


def _knots_hz(mel: MelConfig, knots: int) -> np.ndarray:
    """(K,) frequencies evenly spaced in mel from 0 to the Nyquist frequency."""
    inner = dataclasses.replace(mel, n_mels=knots - 2, f_min=0.0, f_max=None)
    return np.concatenate([[0.0], band_centers_hz(inner), [mel.sample_rate / 2]])


def _interpolation(given: np.ndarray, wanted: np.ndarray) -> Tensor:
    """The matrix (given, wanted) of linear interpolation, level beyond the ends."""
    rows = [np.interp(wanted, given, one) for one in np.eye(len(given))]
    return torch.from_numpy(np.stack(rows)).float()
