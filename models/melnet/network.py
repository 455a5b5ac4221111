"""MelNet (arXiv 1906.01083): a spectrogram drawn pixel by pixel, coarse to fine.

Tier 1 models a coarse grid; every later tier the rows or columns between those that are already
there, until the spectrogram is whole. Each pixel is a mixture of Gaussians given all before it.

B batch, T frames, F bands, D hidden size, K mixture components. Values are those of a MelConfig
with scaling `unit`. `models/melnet/sampling.py` draws from it.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.errors import CheckpointError
from models.mel import MelConfig
from models.melnet.tiers import bands_of

_MIN_STD = 1e-5
_NAME = re.compile(
    r"d(?P<data>.+)_t(?P<tiers>\d+)_l(?P<layers>\d+(\.\d+)*)_hd(?P<dim>\d+)_gmm(?P<mixtures>\d+)"
)

State = tuple[Tensor, Tensor]  # an LSTM's hidden and cell, each (1, N, D)


@dataclass(frozen=True, slots=True)
class MelNetConfig:
    """`layers` of every tier, the input layer counted; the paper's are (12, 5, 4, 3, 2, 2) of 512.

    The networks see values as (value - centre) * gain, of about unit variance for speech; in the
    paper, and in public weights, as they are: centre 0, gain 1. `public_quirks` is for weights
    of jgarciapueyo/MelNet-SpeechGeneration: there the LSTM that runs down the bands begins in the
    state of the one that runs up, and its outputs stay in the order in which it made them.
    """

    layers: tuple[int, ...] = (6, 4, 4, 3, 3)
    hidden_dim: int = 64
    mixtures: int = 10
    data: str = "speech"
    centre: float = 0.5
    gain: float = 5.0
    public_quirks: bool = False

    def __post_init__(self) -> None:
        if not self.layers or min(self.layers) < 2:
            raise ValueError(f"layers: 2 or more for every tier are needed, found {self.layers}")
        if min(self.hidden_dim, self.mixtures) < 1:
            raise ValueError("hidden_dim: hidden_dim and mixtures must be positive")
        if self.gain <= 0:
            raise ValueError(f"gain: must be above 0, found {self.gain}")

    @property
    def num_tiers(self) -> int:
        return len(self.layers)

    @property
    def name(self) -> str:
        """`d<data>_t<tiers>_l<layers>_hd<hidden>_gmm<mixtures>`."""
        layers = ".".join(map(str, self.layers))
        return f"d{self.data}_t{self.num_tiers}_l{layers}_hd{self.hidden_dim}_gmm{self.mixtures}"

    @classmethod
    def from_name(cls, name: str) -> "MelNetConfig":
        """The config that `name` describes. Raises `CheckpointError`."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise CheckpointError(
                f"{name!r}: not a name like d<data>_t<tiers>_l<layers>_hd<hidden>_gmm<mixtures>, "
                "with a number of layers for every tier: dspeech_t3_l5.4.3_hd64_gmm10"
            )
        layers = tuple(int(layer) for layer in match["layers"].split("."))
        if len(layers) != int(match["tiers"]):
            raise CheckpointError(f"{name!r}: {match['tiers']} tiers, but {len(layers)} layers")
        try:
            return cls(layers, int(match["dim"]), int(match["mixtures"]), match["data"])
        except ValueError as error:
            raise CheckpointError(f"{name!r}: {error}") from None


class Mixture(NamedTuple):
    """Unconstrained parameters of a mixture for every pixel, each (..., K) (eq. 3-5)."""

    mean: Tensor
    log_std: Tensor
    logits: Tensor


def mixture_nll(mixture: Mixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of every pixel of `target` (...) in nats (eq. 1, 2)."""
    mean, log_std, logits = (part.float() for part in mixture)
    log_std = log_std.clamp(min=math.log(_MIN_STD))
    deviation = (target.float()[..., None] - mean) * (-log_std).exp()
    log_density = -0.5 * deviation.square() - log_std - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(F.log_softmax(logits, dim=-1) + log_density, dim=-1)


class Recurrence(nn.Module):
    """An LSTM along the last axis but one, with a learned first state (Table 1).

    (..., L, D) -> (..., L, D)
    """

    def __init__(self, dim: int, has_start: bool = True) -> None:
        super().__init__()
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.start = nn.Parameter(torch.zeros(2, dim)) if has_start else None

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Also returns the state to go on with; `state` is that of an earlier call."""
        flat = x.reshape(-1, *x.shape[-2:])
        output, state = self.lstm(flat, state or self.first_state(len(flat)))
        return output.view(x.shape), state

    def first_state(self, count: int) -> State:
        assert self.start is not None, "an LSTM without a start of its own was given none"
        hidden, cell = self.start[:, None, None].expand(-1, 1, count, -1).contiguous()
        return hidden, cell

    def step(self, x: Tensor, state: State) -> State:
        """One step of `forward`: x (N, D) and a state without its first axis."""
        hidden, cell = torch.lstm_cell(x, state, *self.lstm.all_weights[0])
        return hidden, cell


class Memory(NamedTuple):
    """What a layer remembers from one frame to the next."""

    time: State | None = None
    central: State | None = None


class DelayedLayer(nn.Module):
    """A layer of the time-delayed, centralized and frequency-delayed stacks (section 4)."""

    def __init__(self, config: MelNetConfig, has_central: bool) -> None:
        super().__init__()
        dim = config.hidden_dim
        self.quirks = config.public_quirks
        self.time = Recurrence(dim)
        self.up = Recurrence(dim)
        self.down = Recurrence(dim, has_start=not self.quirks)
        self.mix_time = nn.Linear(3 * dim, dim)
        self.frequency = Recurrence(dim)
        self.mix_frequency = nn.Linear(dim, dim)
        self.central = Recurrence(dim) if has_central else None
        self.mix_central = nn.Linear(dim, dim) if has_central else None

    def time_delayed(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """(B, T, F, D) -> (B, T, F, D): along time, and both ways along each frame (eq. 6)."""
        along_time, state = self.time(x.transpose(1, 2), state)  # over (B, F, T, D)
        up, _ = self.up(x)
        start = self.up.first_state(x.shape[0] * x.shape[1]) if self.quirks else None
        down, _ = self.down(x.flip(2), start)
        down = down if self.quirks else down.flip(2)
        return x + self.mix_time(torch.cat([along_time.transpose(1, 2), up, down], dim=3)), state

    def centralized(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """(B, T, D) -> (B, T, D): whole frames along time (eq. 11)."""
        assert self.central is not None
        assert self.mix_central is not None
        along_time, state = self.central(x, state)
        return x + self.mix_central(along_time), state

    def frequency_delayed(self, x: Tensor, context: Tensor) -> Tensor:
        """(B, T, F, D) -> (B, T, F, D): up each frame, given what came before it (eq. 8)."""
        along_frequency, _ = self.frequency(x + context)
        return x + self.mix_frequency(along_frequency)


class Features(nn.Module):
    """What a tier sees of the tiers before it: LSTMs both ways along both axes (section 6.1)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.time = nn.LSTM(1, dim, batch_first=True, bidirectional=True)
        self.frequency = nn.LSTM(1, dim, batch_first=True, bidirectional=True)

    def forward(self, coarse: Tensor) -> Tensor:
        """(B, F, T) -> (B, T, F, 4 * D)."""
        batch, bands, frames = coarse.shape
        rows = coarse.reshape(batch * bands, frames, 1)
        columns = coarse.transpose(1, 2).reshape(batch * frames, bands, 1)
        along_time = self.time(rows)[0].view(batch, bands, frames, -1).transpose(1, 2)
        along_frequency = self.frequency(columns)[0].view(batch, frames, bands, -1)
        return torch.cat([along_time, along_frequency], dim=3)


class PixelInput(nn.Module):
    """Layer 0: the pixel's value times a vector (eq. 7, 9). (...) -> (..., D)

    Left in float32 under autocast: 8 bits of mantissa are half a dB.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(dim).uniform_(-1, 1))
        self.bias = nn.Parameter(torch.empty(dim).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x.float()[..., None] * self.weight + self.bias


class Tier(nn.Module):
    """One tier's network over a grid of `bands`; the first has a centralized stack instead of
    features of coarser tiers.
    """

    def __init__(self, config: MelNetConfig, num_layers: int, bands: int, is_first: bool) -> None:
        super().__init__()
        dim = config.hidden_dim
        self.bands, self.centre, self.gain = bands, config.centre, config.gain
        self.time_input = PixelInput(dim)
        self.frequency_input = PixelInput(dim)
        self.central_input = nn.Linear(bands, dim) if is_first else None
        self.features = None if is_first else Features(dim)
        self.time_condition = None if is_first else nn.Linear(4 * dim, dim)
        self.frequency_condition = None if is_first else nn.Linear(4 * dim, dim)
        self.layers = nn.ModuleList(DelayedLayer(config, is_first) for _ in range(num_layers - 1))
        self.to_mixture = nn.Linear(dim, 3 * config.mixtures)

    def forward(self, x: Tensor, coarse: Tensor | None = None) -> Mixture:
        """The mixture of every pixel of `x` (B, F, T) given those before it, each (B, F, T, K).

        `coarse` (B, F, T or more) is what the tiers before have drawn; the first takes none.
        """
        frames = self.see(x).transpose(1, 2)  # (B, F, T) -> (B, T, F)
        features = None if coarse is None else self.read(coarse)[:, : frames.shape[1]]
        contexts, _ = self.contexts(F.pad(frames, (0, 0, 1, -1)), features, self.first_memory())
        hidden = self.enter(F.pad(frames, (1, -1)), features)
        for layer, context in zip(self.stack, contexts, strict=True):
            hidden = layer.frequency_delayed(hidden, context)
        mixture = self.leave(hidden)
        return Mixture(*(part.transpose(1, 2) for part in mixture))

    def see(self, values: Tensor) -> Tensor:
        """Values as the network takes them; `leave` undoes it."""
        return (values - self.centre) * self.gain

    def read(self, coarse: Tensor) -> Tensor:
        """Features (B, T, F, 4 * D) of the coarser grid (B, F, T)."""
        assert self.features is not None, "the first tier is not told of a coarser one"
        features: Tensor = self.features(self.see(coarse))
        return features

    @property
    def stack(self) -> list[DelayedLayer]:
        return list(cast(Iterable[DelayedLayer], self.layers))

    def first_memory(self) -> list[Memory]:
        return [Memory()] * len(self.layers)

    def contexts(
        self, before: Tensor, features: Tensor | None, memory: Sequence[Memory]
    ) -> tuple[list[Tensor], list[Memory]]:
        """The inputs of every layer's frequency-delayed stack, (B, T, F, D) each, and the memory
        for the frames after. `before` (B, T, F) holds, for every frame, the one before it as the
        network sees it, and zeros before the first.
        """
        delayed = self.time_input(before)
        if features is not None and self.time_condition is not None:
            delayed = delayed + self.time_condition(features)  # eq. 13
        central = None if self.central_input is None else self.central_input(before)
        contexts, remembered = [], []
        for layer, (time, centre) in zip(self.stack, memory, strict=True):
            delayed, time = layer.time_delayed(delayed, time)
            context = delayed
            if central is not None:
                central, centre = layer.centralized(central, centre)
                context = delayed + central[:, :, None]  # (B, T, D) -> (B, T, 1, D)
            contexts.append(context)
            remembered.append(Memory(time, centre))
        return contexts, remembered

    def enter(self, below: Tensor, features: Tensor | None) -> Tensor:
        """Layer 0 of the frequency-delayed stack; `below` (...) holds each pixel's lower neighbour
        as the network sees it, zero below the first, and `features` are (..., 4 * D).
        """
        hidden: Tensor = self.frequency_input(below)
        if features is not None and self.frequency_condition is not None:
            hidden = hidden + self.frequency_condition(features)  # eq. 14
        return hidden

    def leave(self, hidden: Tensor) -> Mixture:
        """The last layer's (..., D) to a mixture (..., K) of values (eq. 10), in float32."""
        with torch.autocast(hidden.device.type, enabled=False):
            mean, log_std, logits = self.to_mixture(hidden.float()).chunk(3, dim=-1)
        return Mixture(mean / self.gain + self.centre, log_std - math.log(self.gain), logits)


class MelNet(nn.Module):
    """All tiers. Each is trained by itself; together they are sampled."""

    def __init__(
        self,
        config: MelNetConfig,
        mel: MelConfig,
        symbols: tuple[str, ...] = (),
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config, self.mel = config, mel
        numbers = range(1, config.num_tiers + 1)
        self.tiers = nn.ModuleList(make_tier(config, mel, number) for number in numbers)

    @property
    def num_tiers(self) -> int:
        return self.config.num_tiers

    def tier(self, number: int) -> Tier:
        """The network of tier 1, 2, ..."""
        network = self.tiers[number - 1]
        assert isinstance(network, Tier)
        return network


def make_tier(config: MelNetConfig, mel: MelConfig, tier: int) -> Tier:
    """A new network for tier 1, 2, ... Raises `CheckpointError` if its bands are not whole."""
    bands = bands_of(tier, config.num_tiers, mel.n_mels)
    return Tier(config, config.layers[tier - 1], bands, is_first=tier == 1)
