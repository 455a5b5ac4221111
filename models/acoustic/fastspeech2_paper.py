"""FastSpeech 2 as its paper has it (arXiv 2006.04558): pitch and energy enter as bins, a symbol or
a frame at a time. Public checkpoints are of this form; `models/acoustic/fastspeech2.py` is what we
train.

B batch, N symbols, T mel frames, L either of them, D model width.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.acoustic.fastspeech2_layers import VariancePredictor
from models.acoustic.frames import length_mask, regulate_length, sinusoids
from models.acoustic.tacotron2_convolutions import PostNet
from models.mel import MelConfig
from models.speakers.mixing import PerSpeaker
from models.voice import Controls, Speech


@dataclass(frozen=True, slots=True)
class VarianceConfig:
    """Pitch (Hz) or energy (norm of a frame's magnitudes), less its mean, over its deviation.

    `low` and `high` are the outermost edges between bins, apart by `spacing`.
    """

    level: Literal["symbol", "frame"] = "symbol"
    spacing: Literal["linear", "log"] = "linear"
    low: float = -3.0
    high: float = 12.0
    mean: float = 0.0
    deviation: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low: must be below high {self.high}, found {self.low}")
        if self.spacing == "log" and self.low <= 0:
            raise ValueError(f"low: must be above 0 with log spacing, found {self.low}")
        if self.deviation <= 0:
            raise ValueError(f"deviation: must be above 0, found {self.deviation}")

    def edges(self, num_bins: int) -> Tensor:
        """The values (num_bins - 1,) between the bins."""
        if self.spacing == "log":
            return torch.linspace(math.log(self.low), math.log(self.high), num_bins - 1).exp()
        return torch.linspace(self.low, self.high, num_bins - 1)

    def change(self, factor: Tensor) -> "Change":
        """What multiplies the quantity itself, which is deviation * value + mean, by (B,)."""
        return Change(factor, (factor - 1) * self.mean / self.deviation)


@dataclass(frozen=True, slots=True)
class FastSpeech2PaperConfig:
    """Sizes; the defaults are ming024/FastSpeech2's for LJSpeech."""

    dim: int = 256
    encoder_layers: int = 4
    encoder_heads: int = 2
    encoder_dropout: float = 0.2
    decoder_layers: int = 6
    decoder_heads: int = 2
    decoder_dropout: float = 0.2
    hidden_dim: int = 1024
    kernel_sizes: tuple[int, int] = (9, 1)
    predictor_dim: int = 256
    predictor_kernel: int = 3
    predictor_dropout: float = 0.5
    num_bins: int = 256
    pitch: VarianceConfig = VarianceConfig()
    energy: VarianceConfig = VarianceConfig()
    postnet_dim: int = 512
    postnet_layers: int = 5
    postnet_kernel: int = 5
    multi_speaker: bool = False

    def __post_init__(self) -> None:
        if self.dim % 2:
            raise ValueError(f"dim: must be even, found {self.dim}")
        for name in ("encoder_heads", "decoder_heads"):
            if self.dim % getattr(self, name):
                raise ValueError(f"{name}: {getattr(self, name)} does not divide dim {self.dim}")
        kernels = (*self.kernel_sizes, self.predictor_kernel, self.postnet_kernel)
        if not all(kernel % 2 for kernel in kernels):
            raise ValueError(f"kernel_sizes: kernels must be odd, found {kernels}")
        if self.num_bins < 3:
            raise ValueError(f"num_bins: at least 3, found {self.num_bins}")


class Change(NamedTuple):
    """A change of a prediction: times `factor` (B,), plus `shift` (B,)."""

    factor: Tensor
    shift: Tensor


class Prosody(NamedTuple):
    """Measured prosody: whole frames a symbol (B, N); pitch and energy as `VarianceConfig`
    says, each (B, N) or (B, T) by its level.
    """

    durations: Tensor
    pitch: Tensor
    energy: Tensor


class RequestedProsody(NamedTuple):
    """Frames a symbol (B, N), cut to whole ones, and how pitch and energy are changed."""

    durations: Tensor
    pitch: Change
    energy: Change


class Scales(NamedTuple):
    """What the public code multiplies predictions by, one value an item (B,)."""

    durations: Tensor
    pitch: Tensor
    energy: Tensor


class Output(NamedTuple):
    """Mels (B, T, n_mels) before and after the post-net, and the predictions behind them."""

    mels: Tensor
    refined: Tensor
    log_durations: Tensor  # (B, N) of frames + 1
    durations: Tensor  # (B, N) frames; with `Scales` not yet cut to whole ones
    pitch: Tensor  # (B, N) or (B, T)
    energy: Tensor  # (B, N) or (B, T)
    lengths: Tensor  # (B,) frames


class FftBlock(nn.Module):
    """Feed-forward Transformer block (section 2.2 of FastSpeech, arXiv 1905.09263), each half with
    its norm after the sum. (B, L, D) -> (B, L, D), zero where `mask` is false.
    """

    def __init__(self, config: FastSpeech2PaperConfig, num_heads: int, dropout: float) -> None:
        super().__init__()
        dim, kernels = config.dim, config.kernel_sizes
        self.num_heads = num_heads
        self.to_query = nn.Linear(dim, dim)
        self.to_key = nn.Linear(dim, dim)
        self.to_value = nn.Linear(dim, dim)
        self.attended = nn.Linear(dim, dim)
        self.attention_norm = nn.LayerNorm(dim)
        self.expand = nn.Conv1d(dim, config.hidden_dim, kernels[0], padding=kernels[0] // 2)
        self.contract = nn.Conv1d(config.hidden_dim, dim, kernels[1], padding=kernels[1] // 2)
        self.convolution_norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, seen: Tensor) -> Tensor:
        """`seen` (B, L) is where convolutions may look: inside `mask`, or everywhere."""
        inside = mask[:, :, None].to(x.dtype)  # (B, L) -> (B, L, 1)
        x = self.attention_norm(x + self.dropout(self._attend(x, mask))) * inside
        hidden = F.relu(self.expand(x.transpose(1, 2)))  # (B, L, D) -> (B, hidden, L)
        hidden = self.contract(hidden * seen[:, None]).transpose(1, 2)
        return self.convolution_norm(x + self.dropout(hidden)) * inside

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            line(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)  # (B, heads, L, D / heads)
            for line in (self.to_query, self.to_key, self.to_value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, mask[:, None, None, :])
        return self.attended(mixed.transpose(1, 2).flatten(2))


class Variance(nn.Module):
    """Pitch or energy (section 2.3): predicted, cut into bins, and added as the bin's vector."""

    edges: Tensor  # (num_bins - 1,)

    def __init__(self, config: FastSpeech2PaperConfig, variance: VarianceConfig) -> None:
        super().__init__()
        self.predictor = _predictor(config)
        self.embedding = nn.Embedding(config.num_bins, config.dim)
        self.register_buffer("edges", variance.edges(config.num_bins))

    def forward(
        self, x: Tensor, mask: Tensor, seen: Tensor, wanted: Change | Tensor
    ) -> tuple[Tensor, Tensor]:
        """(B, L, D) with the vectors of what is `wanted`, and the prediction (B, L).

        `wanted` is a recording's values (B, L), or how the prediction is to be changed.
        """
        predicted = self.predictor(x, seen) * mask
        if isinstance(wanted, Change):
            predicted = predicted * wanted.factor[:, None] + wanted.shift[:, None] * mask
        values = predicted if isinstance(wanted, Change) else wanted
        return x + self.embedding(torch.bucketize(values, self.edges)), predicted


class FastSpeech2Paper(nn.Module):
    """Symbol ids, and a speaker where there are several, to mels.

    The public code lets padding into its convolutions, so that the last frames of a short item
    depend on its neighbours. `mask_padding=False` does the same; an item is else as it is alone.
    """

    controls = frozenset({"pace", "pitch_semitones", "energy"})
    per_speaker: ClassVar[PerSpeaker] = {"speaker_embedding.weight": "any"}

    def __init__(
        self,
        config: FastSpeech2PaperConfig,
        mel: MelConfig,
        symbols: tuple[str, ...],
        speakers: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.config, self.mel = config, mel
        self.symbols, self.speakers = symbols, speakers
        self.symbol_embedding = nn.Embedding(len(symbols), config.dim, padding_idx=0)
        if config.multi_speaker:
            self.speaker_embedding = nn.Embedding(len(speakers), config.dim)
        self.encoder = nn.ModuleList(
            FftBlock(config, config.encoder_heads, config.encoder_dropout)
            for _ in range(config.encoder_layers)
        )
        self.decoder = nn.ModuleList(
            FftBlock(config, config.decoder_heads, config.decoder_dropout)
            for _ in range(config.decoder_layers)
        )
        self.duration_predictor = _predictor(config)
        self.pitch = Variance(config, config.pitch)
        self.energy = Variance(config, config.energy)
        self.to_mel = nn.Linear(config.dim, mel.n_mels)
        self.postnet = PostNet(
            mel.n_mels,
            config.postnet_dim,
            config.postnet_layers,
            config.postnet_kernel,
            dropout=0.5,
        )

    def forward(
        self,
        symbols: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        prosody: Prosody,
        mask_padding: bool = True,
    ) -> Output:
        """Teacher-forced pass: symbols (B, N) padded with 0, lengths (B,), speakers (B,)."""
        mask = length_mask(lengths, symbols.shape[1])
        hidden, log_durations = self._read(symbols, mask, speakers, mask_padding)
        return self._speak(hidden, mask, log_durations, prosody, mask_padding)

    @torch.inference_mode()
    def infer(
        self,
        symbols: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        scales: Scales,
        mask_padding: bool = True,
    ) -> Output:
        """With the public code's controls: durations are rounded, then scaled, then cut.

        There, energy is scaled by what is meant for pitch; here each by its own.
        """
        mask = length_mask(lengths, symbols.shape[1])
        hidden, log_durations = self._read(symbols, mask, speakers, mask_padding)
        durations = (log_durations.exp() - 1).round() * scales.durations[:, None]
        unmoved = torch.zeros_like(scales.pitch)
        requested = RequestedProsody(
            durations.clamp(min=0), Change(scales.pitch, unmoved), Change(scales.energy, unmoved)
        )
        return self._speak(hidden, mask, log_durations, requested, mask_padding)

    @torch.inference_mode()
    def synthesize(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, controls: Controls
    ) -> Speech:
        """Mels in the scale of `MelConfig`; frames beyond an item's length hold silence.

        A symbol may get no frame, as in training; an item of no frames at all gets one, and a
        fault.
        """
        mask = length_mask(lengths, symbols.shape[1])
        hidden, log_durations = self._read(symbols, mask, speakers, mask_padding=True)
        frames = ((log_durations.exp() - 1) / controls.pace[:, None]).round().clamp(min=0)
        durations = (frames * mask).long()
        is_empty = durations.sum(dim=1) == 0
        durations[:, 0] += is_empty
        requested = RequestedProsody(
            durations,
            self.config.pitch.change(2 ** (controls.pitch_semitones / 12)),
            self.config.energy.change(controls.energy),
        )
        output = self._speak(hidden, mask, log_durations, requested, mask_padding=True)
        inside = length_mask(output.lengths, output.refined.shape[1])[:, :, None]
        mels = output.refined.masked_fill(~inside, self.mel.silence)
        faults = tuple(("no symbol lasts a frame",) if empty else () for empty in is_empty.tolist())
        return Speech(mels.transpose(1, 2), output.lengths, durations, faults)

    def _read(
        self, symbols: Tensor, mask: Tensor, speakers: Tensor, mask_padding: bool
    ) -> tuple[Tensor, Tensor]:
        """Symbols (B, N) encoded (B, N, D), and log durations (B, N)."""
        seen = _seen(mask, mask_padding)
        hidden = _transform(self.encoder, self.symbol_embedding(symbols), mask, seen)
        if self.config.multi_speaker:
            hidden = hidden + self.speaker_embedding(speakers)[:, None]
        return hidden, self.duration_predictor(hidden, seen) * mask

    def _speak(
        self,
        hidden: Tensor,
        mask: Tensor,
        log_durations: Tensor,
        prosody: Prosody | RequestedProsody,
        mask_padding: bool,
    ) -> Output:
        seen = _seen(mask, mask_padding)
        x, of_symbols = self._vary("symbol", hidden, mask, seen, prosody)
        x, lengths = regulate_length(x, prosody.durations.long())
        mask = length_mask(lengths, x.shape[1])
        seen = _seen(mask, mask_padding)
        x, of_frames = self._vary("frame", x * mask[:, :, None], mask, seen, prosody)
        mels = self.to_mel(_transform(self.decoder, x, mask, seen)).transpose(1, 2)
        refined = self.postnet(mels, mask if mask_padding else None)
        return Output(
            mels=mels.transpose(1, 2),  # (B, n_mels, T) -> (B, T, n_mels)
            refined=refined.transpose(1, 2),
            log_durations=log_durations,
            durations=prosody.durations,
            lengths=lengths,
            **of_symbols,
            **of_frames,
        )

    def _vary(
        self, level: str, x: Tensor, mask: Tensor, seen: Tensor, prosody: Prosody | RequestedProsody
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """(B, L, D) with the pitch and energy that are of this level, and their predictions."""
        predicted = {}
        for name in ("pitch", "energy"):
            if getattr(self.config, name).level == level:
                variance = getattr(self, name)
                x, predicted[name] = variance(x, mask, seen, getattr(prosody, name))
        return x, predicted


def _transform(blocks: nn.ModuleList, x: Tensor, mask: Tensor, seen: Tensor) -> Tensor:
    x = x + sinusoids(x.shape[1], x.shape[2], torch.float64).to(x)
    for block in blocks:
        x = block(x, mask, seen)
    return x


def _seen(mask: Tensor, mask_padding: bool) -> Tensor:
    """Where convolutions may look: (B, L), inside each length or everywhere."""
    return mask if mask_padding else torch.ones_like(mask)


def _predictor(config: FastSpeech2PaperConfig) -> VariancePredictor:
    width, kernel = config.predictor_dim, config.predictor_kernel
    return VariancePredictor(config.dim, width, kernel, config.predictor_dropout)
