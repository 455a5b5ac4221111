"""The one log-mel spectrogram of the project: datasets, losses, training and checks use it.

B batch, S samples, T mel frames.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class MelConfig:
    """How a waveform becomes a mel spectrogram. Stored in every checkpoint.

    The defaults are HiFi-GAN's (arXiv 2010.05646, section 3): natural log of amplitude, Slaney
    mel scale and area norm, frames padded so that S samples give S // hop_length frames.
    """

    sample_rate: int = 22050
    n_fft: int = 1024
    hop_length: int = 256
    win_length: int = 1024
    n_mels: int = 80
    f_min: float = 0.0
    f_max: float | None = 8000.0  # None: half the sample rate
    mel_scale: Literal["slaney", "htk"] = "slaney"
    mel_norm: Literal["slaney", "none"] = "slaney"
    padding: Literal["same", "center"] = "same"
    magnitude_epsilon: float = 1e-9  # added to re^2 + im^2, as HiFi-GAN does
    log: Literal["ln", "log10", "db"] = "ln"  # db is 20 log10
    floor: float = 1e-5
    # How the logarithm is brought to a range: symmetric is [-4, 4], unit is [0, 1], both linear in
    # dB from `min_level_db + ref_level_db` up, and clipped.
    scaling: Literal["none", "symmetric", "unit"] = "none"
    ref_level_db: float = 20.0
    min_level_db: float = -100.0

    def __post_init__(self) -> None:
        for name in ("sample_rate", "n_fft", "hop_length", "win_length", "n_mels", "floor"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: must be above 0, found {getattr(self, name)}")
        if self.sample_rate > 768_000 or self.n_fft > 2**16 or self.n_mels > self.n_fft:
            raise ValueError(
                f"n_fft: at most {2**16}, n_mels at most n_fft, sample_rate at most 768000; "
                f"found {self.n_fft}, {self.n_mels} and {self.sample_rate}"
            )
        if self.hop_length > self.n_fft:
            raise ValueError(f"hop_length: {self.hop_length} is longer than n_fft {self.n_fft}")
        if self.win_length > self.n_fft:
            raise ValueError(f"win_length: {self.win_length} is longer than n_fft {self.n_fft}")
        if not 0 <= self.f_min < self.top_frequency <= self.sample_rate / 2:
            raise ValueError(
                f"f_max: need 0 <= f_min < f_max <= {self.sample_rate / 2} Hz, "
                f"found {self.f_min} and {self.f_max}"
            )
        if self.scaling != "none" and self.log != "db":
            raise ValueError(f"scaling: {self.scaling} is linear in dB, so log must be db")
        if self.min_level_db >= 0:
            raise ValueError(f"min_level_db: must be below 0, found {self.min_level_db}")

    @property
    def top_frequency(self) -> float:
        """The upper edge of the highest mel band, in Hz."""
        return self.sample_rate / 2 if self.f_max is None else self.f_max

    @property
    def paddings(self) -> tuple[int, int]:
        """How many samples are put before and after a waveform, so that frames begin there."""
        if self.padding == "center":
            return self.n_fft // 2, self.n_fft // 2
        missing = self.n_fft - self.hop_length
        return missing // 2, missing - missing // 2

    @property
    def frame_s(self) -> float:
        """The time from one mel frame to the next, in seconds."""
        return self.hop_length / self.sample_rate

    @property
    def silence(self) -> float:
        """The value of a band that holds nothing."""
        return float(scale_mels(torch.tensor(self.floor), self))


# Fields in which mels may differ and still hold the same; `convert_mels` goes from one to another.
_SCALINGS = ("log", "floor", "scaling", "ref_level_db", "min_level_db", "magnitude_epsilon")
# With the other padding the same frames stand half a hop earlier or later, 6 ms by default. Public
# Tacotron 2 (center) and HiFi-GAN (same) have always been used together, and nobody hears it.
_BRIDGED = (*_SCALINGS, "padding")


def check_same_mel(ours: MelConfig, theirs: MelConfig, what: str) -> None:
    """Raise `CheckpointError` naming every field in which two MelConfigs differ."""
    _check_fields(ours, theirs, what, leave_out=())


def check_convertible_mel(ours: MelConfig, theirs: MelConfig, what: str) -> None:
    """Raise `CheckpointError` naming every field that `convert_mels` cannot bridge."""
    _check_fields(ours, theirs, what, leave_out=_BRIDGED)


def check_mel_fields(mel: MelConfig, needed: Mapping[str, str], who: str) -> None:
    """For a config's `__post_init__`: raise `ValueError` unless the fields have these values."""
    for name, value in needed.items():
        if (found := getattr(mel, name)) != value:
            raise ValueError(f"mel.{name}: {who} needs {value}, found {found}")


def _check_fields(
    ours: MelConfig, theirs: MelConfig, what: str, leave_out: tuple[str, ...]
) -> None:
    names = [field.name for field in dataclasses.fields(MelConfig) if field.name not in leave_out]
    differing = [name for name in names if getattr(ours, name) != getattr(theirs, name)]
    if differing:
        detail = ", ".join(
            f"{name} {getattr(ours, name)} against {getattr(theirs, name)}" for name in differing
        )
        raise CheckpointError(f"{what} were trained on different mel spectrograms: {detail}")


class LogMel(nn.Module):
    """Waveforms (B, S) in [-1, 1] to log-mel spectrograms (B, n_mels, T).

    T is S // hop_length with `same` padding and 1 + S // hop_length with `center`.
    """

    window: Tensor  # (win_length,)
    filters: Tensor  # (n_mels, n_fft // 2 + 1)

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        self.config = config
        window = torch.hann_window(config.win_length)
        self.register_buffer("window", window, persistent=False)
        filters = torch.from_numpy(mel_filterbank(config))
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        config = self.config
        magnitude = self.magnitude(wave.float())
        mel = self.filters @ magnitude  # (n_mels, F) @ (B, F, T) -> (B, n_mels, T)
        return scale_mels(mel.clamp(min=config.floor), config)

    def magnitude(self, wave: Tensor) -> Tensor:
        """Waveforms (B, S) to the STFT's magnitude (B, n_fft // 2 + 1, T)."""
        config = self.config
        wave = F.pad(wave.unsqueeze(1), config.paddings, mode="reflect").squeeze(1)
        spectrum = torch.stft(
            wave,
            config.n_fft,
            config.hop_length,
            config.win_length,
            self.window,
            center=False,
            return_complex=True,
        )
        power = spectrum.real**2 + spectrum.imag**2
        # The root's gradient at 0 is not finite: nothing below 1e-12 is heard or learned from.
        return (power + config.magnitude_epsilon).clamp(min=1e-24).sqrt()


def scale_mels(amplitude: Tensor, config: MelConfig) -> Tensor:
    """The logarithm of amplitudes, of any shape, brought to the config's range."""
    if config.log == "ln":
        return amplitude.log()
    if config.log == "log10":
        return amplitude.log10()
    level_db = 20 * amplitude.log10()
    if config.scaling == "none":
        return level_db
    share = (level_db - config.ref_level_db - config.min_level_db) / -config.min_level_db
    share = share.clamp(0, 1)
    return share if config.scaling == "unit" else 8 * share - 4


def mel_amplitude(log_mels: Tensor, config: MelConfig) -> Tensor:
    """Undo `scale_mels`, but for what it clipped."""
    values = log_mels.float()
    if config.log == "ln":
        return values.exp()
    if config.log == "log10":
        return 10**values
    if config.scaling != "none":
        share = values if config.scaling == "unit" else (values + 4) / 8
        values = share * -config.min_level_db + config.min_level_db + config.ref_level_db
    return 10 ** (values / 20)


def convert_mels(mels: Tensor, source: MelConfig, target: MelConfig) -> Tensor:
    """Log-mels (B, n_mels, T) of one config in the scale of another.

    Raises `CheckpointError` naming the fields when more than scale and padding differs.
    """
    check_convertible_mel(source, target, "the mels")
    if all(getattr(source, name) == getattr(target, name) for name in _SCALINGS):
        return mels
    return scale_mels(mel_amplitude(mels, source).clamp(min=target.floor), target)


def mel_filterbank(config: MelConfig) -> np.ndarray:
    """Triangular mel filters (n_mels, n_fft // 2 + 1), float32."""
    edges_hz = _band_edges_hz(config)
    bins_hz = np.linspace(0.0, config.sample_rate / 2, config.n_fft // 2 + 1)
    rising = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    falling = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    if config.mel_norm == "slaney":  # each triangle has unit area in Hz
        filters *= 2.0 / (edges_hz[2:] - edges_hz[:-2])[:, None]
    return filters.astype(np.float32)


def band_centers_hz(config: MelConfig) -> np.ndarray:
    """The frequency in the middle of each mel band (n_mels,), rising."""
    return _band_edges_hz(config)[1:-1]


def _band_edges_hz(config: MelConfig) -> np.ndarray:
    """(n_mels + 2,): band k lies between k and k + 2, with its peak at k + 1."""
    low_mel, high_mel = (
        _hz_to_mel(hz, config.mel_scale) for hz in (config.f_min, config.top_frequency)
    )
    return _mel_to_hz(np.linspace(low_mel, high_mel, config.n_mels + 2), config.mel_scale)


# Slaney's scale: linear below 1 kHz (66.7 Hz a mel), logarithmic above.
_LINEAR_HZ, _BREAK_HZ, _LOG_STEP = 200.0 / 3, 1000.0, np.log(6.4) / 27


def _hz_to_mel(hz: float, scale: str) -> float:
    if scale == "htk":
        return float(2595.0 * np.log10(1.0 + hz / 700.0))
    if hz < _BREAK_HZ:
        return hz / _LINEAR_HZ
    return float(_BREAK_HZ / _LINEAR_HZ + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def _mel_to_hz(mel: np.ndarray, scale: str) -> np.ndarray:
    if scale == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    break_mel = _BREAK_HZ / _LINEAR_HZ
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (mel - break_mel))
    return np.where(mel < break_mel, mel * _LINEAR_HZ, logarithmic)
