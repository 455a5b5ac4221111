"""NISQA (Mittag et al., Interspeech 2021): how natural speech sounds, judged without a reference.

The weights are not ours and are never fetched: one of the authors' files
(github.com/gabrielmittag/NISQA, for non-commercial use) is named by its path. `nisqa.tar` predicts
the quality of transmitted speech and four of its dimensions, `nisqa_mos_only.tar` that alone,
`nisqa_tts.tar` the naturalness of synthetic speech (Mittag, Moeller, Interspeech 2020).
B batch, W windows, M mel bands.
"""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import build, resolve_path
from models.errors import CheckpointError, ConfigError
from models.evaluation.judge import resampled
from models.mel import LogMel, MelConfig

_SAMPLE_RATE = 48000  # of the speech it was trained on
_TOP_DB = 80.0
_QUIETEST = 1e-4  # amplitude
_UNREADABLE = (OSError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError, ValueError)


@dataclass(frozen=True, slots=True)
class NisqaConfig:
    """What `args` in the file says of the network and of what it hears."""

    cnn_c_out_1: int
    cnn_c_out_2: int
    cnn_c_out_3: int
    cnn_kernel_size: tuple[int, int]
    ms_n_mels: int
    ms_n_fft: int
    ms_hop_length: float  # seconds
    ms_win_length: float
    ms_fmax: float
    ms_seg_length: int  # frames a window
    ms_seg_hop_length: int
    model: Literal["NISQA", "NISQA_DIM"] = "NISQA_DIM"
    cnn_model: Literal["adapt", "standard"] = "adapt"
    td: Literal["self_att", "lstm"] = "self_att"
    pool: Literal["att", "last_step_bi"] = "att"
    cnn_pool_1: tuple[int, int] = (0, 0)  # those of the other networks are null in the file
    cnn_pool_2: tuple[int, int] = (0, 0)
    cnn_pool_3: tuple[int, int] = (0, 0)
    cnn_fc_out_h: int = 0
    td_sa_d_model: int = 0
    td_sa_nhead: int = 0
    td_sa_h: int = 0
    td_sa_num_layers: int = 0
    td_lstm_h: int = 0
    pool_att_h: int = 0

    @property
    def num_scores(self) -> int:
        """Overall quality, and with `NISQA_DIM` four dimensions of it."""
        return 5 if self.model == "NISQA_DIM" else 1

    @property
    def mel(self) -> MelConfig:
        return MelConfig(
            sample_rate=_SAMPLE_RATE,
            n_fft=self.ms_n_fft,
            hop_length=round(_SAMPLE_RATE * self.ms_hop_length),
            win_length=round(_SAMPLE_RATE * self.ms_win_length),
            n_mels=self.ms_n_mels,
            f_max=self.ms_fmax,
            padding="center",
            magnitude_epsilon=0.0,
            log="db",
            floor=_QUIETEST,
        )


def load_opinion(spec: str) -> Callable[[np.ndarray, int], float]:
    """A predictor named `nisqa:FILE`: waves (S,) of some rate to a mean opinion score, 1 to 5.

    Raises `ConfigError` for another name and `CheckpointError` for a file that is missing, cannot
    be read as plain data, or holds another network.
    """
    kind, _, path = spec.partition(":")
    if kind != "nisqa" or not path:
        raise ConfigError(f"--mos {spec}: expected nisqa:FILE, with the weights' file")
    nisqa = _load(resolve_path(path))

    def opinion(wave: np.ndarray, sample_rate: int) -> float:
        samples = torch.from_numpy(resampled(wave, sample_rate, _SAMPLE_RATE))
        with torch.inference_mode():
            return float(nisqa(samples[None])[0, 0])

    return opinion


def _load(path: Path) -> "Nisqa":
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such file; get nisqa_tts.tar, nisqa.tar or nisqa_mos_only.tar from "
            "github.com/gabrielmittag/NISQA (weights/)"
        )
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        arguments, weights = stored["args"], stored["model_state_dict"]
    except _UNREADABLE as error:
        raise CheckpointError(
            f"{path}: cannot be read as NISQA's weights ({str(error).splitlines()[0]})"
        ) from None
    model = Nisqa(_config_of(arguments, path))
    try:
        model.load_state_dict({_our_name(key): value for key, value in weights.items()})
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path}: not the network its args describe: {reason}") from None
    return model.eval()


def _our_name(key: str) -> str:
    """Of a weight; `pool` is what the files with one score call the first of our `pool_layers`."""
    name = key.replace(".model.", ".")
    return f"pool_layers.0.{name.removeprefix('pool.')}" if name.startswith("pool.") else name


def _config_of(arguments: Mapping[str, Any], path: Path) -> NisqaConfig:
    names = NisqaConfig.__dataclass_fields__
    known = {name: arguments[name] for name in names if arguments.get(name) is not None}
    try:
        return build(NisqaConfig, known, where=f"{path}: args")
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


class Nisqa(nn.Module):
    """Waves (B, S) at 48 kHz to (B, 5): overall quality, noisiness, discontinuity, coloration,
    loudness (sections 2.1 to 2.3); or to (B, 1), the first of them.
    """

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.config = config
        self.log_mel = LogMel(config.mel)
        self.cnn = FrameCnn(config) if config.cnn_model == "adapt" else HalvingCnn(config)
        self.time_dependency = (
            TimeDependency(config) if config.td == "self_att" else LstmOverWindows(config)
        )
        pooling = AttentionPooling if config.pool == "att" else LastSteps
        self.pool_layers = nn.ModuleList(pooling(config) for _ in range(config.num_scores))

    def forward(self, waves: Tensor) -> Tensor:
        windows = self.windows(waves)  # (B, W, M, L)
        x = self.cnn(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])
        x = self.time_dependency(x)
        return torch.cat([pool(x) for pool in self.pool_layers], dim=1)

    def windows(self, waves: Tensor) -> Tensor:
        """Overlapping pieces (B, W, M, L) of the mel in dB, at most 80 dB below its loudest."""
        length, hop = self.config.ms_seg_length, self.config.ms_seg_hop_length
        shortest = max(self.config.ms_n_fft, length * self.config.mel.hop_length)
        level_db = self.log_mel(F.pad(waves, (0, max(0, shortest - waves.shape[1]))))
        loudest = level_db.amax(dim=(1, 2), keepdim=True)
        level_db = torch.maximum(level_db, loudest - _TOP_DB)
        return level_db.unfold(2, length, hop).transpose(1, 2)  # (B, M, W, L) -> (B, W, M, L)


class FrameCnn(nn.Module):
    """Six convolutions with adaptive pooling: windows (N, M, L) to vectors (N, C)."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.pools = (config.cnn_pool_1, config.cnn_pool_2, None, config.cnn_pool_3, None, None)
        kernel, (first, second, third) = config.cnn_kernel_size, _widths(config)
        padding = (1, 0) if kernel[0] == 1 else (1, 1)
        for number, (size, wider) in enumerate(
            ((1, first), (first, second), (second, third), *((third, third),) * 2), start=1
        ):
            setattr(self, f"conv{number}", nn.Conv2d(size, wider, kernel, padding=padding))
            setattr(self, f"bn{number}", nn.BatchNorm2d(wider))
        self.conv6 = nn.Conv2d(third, third, (kernel[0], config.cnn_pool_3[1]), padding=(1, 0))
        self.bn6 = nn.BatchNorm2d(third)

    def forward(self, windows: Tensor) -> Tensor:
        x = windows[:, None]
        for number, pool in enumerate(self.pools, start=1):
            convolution, norm = getattr(self, f"conv{number}"), getattr(self, f"bn{number}")
            x = F.relu(norm(convolution(x)))
            if pool is not None:
                x = F.adaptive_max_pool2d(x, pool)
        return x.flatten(1)


def _widths(config: NisqaConfig) -> tuple[int, int, int]:
    return config.cnn_c_out_1, config.cnn_c_out_2, config.cnn_c_out_3


class TimeDependency(nn.Module):
    """Self-attention over windows: (B, W, C) to (B, W, D)."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(config.cnn_c_out_3 * config.cnn_pool_3[0], config.td_sa_d_model)
        self.norm1 = nn.LayerNorm(config.td_sa_d_model)
        self.layers = nn.ModuleList(AttentionLayer(config) for _ in range(config.td_sa_num_layers))

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.linear(x))
        for layer in self.layers:
            x = layer(x)
        return x


class AttentionLayer(nn.Module):
    """A Transformer encoder layer, norms last; (B, W, D) in and out."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        dim = config.td_sa_d_model
        self.self_attn = nn.MultiheadAttention(dim, config.td_sa_nhead, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(dim, config.td_sa_h), nn.Linear(config.td_sa_h, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(x + self.self_attn(x, x, x, need_weights=False)[0])
        return self.norm2(x + self.linear2(F.relu(self.linear1(x))))


class AttentionPooling(nn.Module):
    """The windows that matter, weighted, to one score: (B, W, D) -> (B, 1)."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.linear1 = nn.Linear(config.td_sa_d_model, config.pool_att_h)
        self.linear2 = nn.Linear(config.pool_att_h, 1)
        self.linear3 = nn.Linear(config.td_sa_d_model, 1)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.linear2(F.relu(self.linear1(x))).softmax(dim=1)  # (B, W, 1)
        return self.linear3((weights * x).sum(dim=1))


class HalvingCnn(nn.Module):
    """Six convolutions, three of which are halved in both directions: windows (N, M, L) to vectors
    (N, `cnn_fc_out_h`). (2020, section 3.1)
    """

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        first, second, third = _widths(config)
        sizes = (1, first, second, *((third,) * 4))
        for number in range(1, 7):
            size, wider = sizes[number - 1], sizes[number]
            setattr(self, f"conv{number}", nn.Conv2d(size, wider, config.cnn_kernel_size, 1, 1))
            setattr(self, f"bn{number}", nn.BatchNorm2d(wider))
        rows, columns = config.ms_n_mels // 8, ((config.ms_seg_length + 2) // 2) // 4
        self.fc_out = nn.Linear(third * rows * columns, config.cnn_fc_out_h)

    def forward(self, windows: Tensor) -> Tensor:
        x = windows[:, None]
        for number in range(1, 7):
            convolution, norm = getattr(self, f"conv{number}"), getattr(self, f"bn{number}")
            x = F.relu(norm(convolution(x)))
            if number in (1, 2, 4):
                x = F.max_pool2d(x, 2, padding=(0, 1) if number == 1 else 0)
        return self.fc_out(x.flatten(1))


class LstmOverWindows(nn.Module):
    """A bidirectional LSTM over windows: (B, W, C) to (B, W, 2 H)."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            config.cnn_fc_out_h, config.td_lstm_h, batch_first=True, bidirectional=True
        )

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.lstm(x)[0]
        return found


class LastSteps(nn.Module):
    """The last step of either direction to one score: (B, W, 2 H) -> (B, 1)."""

    def __init__(self, config: NisqaConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * config.td_lstm_h, 1)

    def forward(self, x: Tensor) -> Tensor:
        forwards, backwards = x.chunk(2, dim=2)
        return self.linear(torch.cat([forwards[:, -1], backwards[:, 0]], dim=1))
