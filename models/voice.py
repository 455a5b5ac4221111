"""Protocols of acoustic models and vocoders, and what passes between them.

B batch, N symbols, T mel frames, S samples.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from models.mel import MelConfig


class Controls(NamedTuple):
    """How an utterance is to be spoken, one value an item (B,)."""

    pace: Tensor  # 1.2 is a fifth faster
    pitch_semitones: Tensor
    energy: Tensor  # amplitude factor
    pitch_range: Tensor  # how far pitch moves about its mean: 0 is monotone

    @classmethod
    def neutral(cls, count: int, device: torch.device) -> "Controls":
        """Those of `count` utterances as the model speaks by itself."""
        one = torch.ones(count, device=device)
        return cls(pace=one, pitch_semitones=one * 0, energy=one, pitch_range=one)


class Speech(NamedTuple):
    """Synthesized mels (B, n_mels, T), their lengths (B,) and the durations (B, N) behind them.

    `faults` has for every item what went wrong while it was spoken, in words; it may be empty
    for models that cannot fail that way. `pitch_hz` is F0 of every frame (B, T), 0 where unvoiced,
    of models that know it.
    """

    mels: Tensor
    lengths: Tensor
    durations: Tensor
    faults: tuple[tuple[str, ...], ...] = ()
    pitch_hz: Tensor | None = None


class AcousticModel(Protocol):
    """Symbols to mels. An item of a batch comes out as it would alone."""

    mel: MelConfig
    symbols: tuple[str, ...]
    speakers: tuple[str, ...]
    controls: frozenset[str]  # which fields of `Controls` it follows

    def synthesize(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, controls: Controls
    ) -> Speech:
        """Symbol ids (B, N), lengths (B,), speaker ids (B,) to speech."""


class Vocoder(Protocol):
    """Mels (B, n_mels, T) to waveforms (B, S)."""

    mel: MelConfig

    def __call__(self, mels: Tensor) -> Tensor: ...


@runtime_checkable
class PitchedVocoder(Protocol):
    """A vocoder that takes F0 (B, T) in Hz, 0 where unvoiced, and seeds of its noise, one an
    item. It finds F0 itself where it is not told. With `lengths` (B,) in frames, an item of a batch
    comes out as it would alone.
    """

    mel: MelConfig
    uses_pitch: bool

    def __call__(
        self,
        mels: Tensor,
        pitch_hz: Tensor | None = None,
        seeds: Sequence[int] = (),
        lengths: Tensor | None = None,
    ) -> Tensor: ...

    def noise(self, seeds: Sequence[int], num_frames: int) -> Tensor:
        """What it draws on the host of each seed: (B, S)."""
        ...

    def from_sources(
        self, mels: Tensor, pitch_hz: Tensor, noise: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """The waveforms (B, S) of that noise; draws nothing."""
        ...


def waveforms(
    vocoder: Vocoder | PitchedVocoder,
    mels: Tensor,
    pitch_hz: Tensor | None = None,
    seeds: Sequence[int] = (),
) -> Tensor:
    """Mels (B, n_mels, T) to waveforms (B, S); pitch and seeds are for vocoders that use them."""
    if isinstance(vocoder, PitchedVocoder):
        return vocoder(mels, pitch_hz, seeds)
    return vocoder(mels)
