"""Stops at the edges of utterances, said in the one way or the other.

Before "go" and "down" the voice may lead: speakers of English do it in a part of their utterances,
of Spanish nearly always (Lisker & Abramson 1964, A cross-language study of voicing in initial
stops). At the end of "up" and "left" the stop may never be released (Davidson
2011, Characteristics of stop releases in American English spontaneous speech). A mean prediction
does always what is done mostly, or both by halves.
"""

import math

import torch
from torch import Tensor

from models.mel import MelConfig
from models.phonology.phonemes import SILENCES
from models.phonology.word_starts import unmarked

# How long the voice leads: ours, from what is clearly heard to about as long as people keep it up.
LEAD_S = (0.04, 0.13)
UNRELEASED_GAIN = -25 / 20 * math.log(10)  # log amplitude of what is heard of a release
_VOICED_STOPS = frozenset({"b", "d", "dʒ", "ɡ"})
_PLOSIVES = frozenset({"b", "d", "k", "p", "t", "ɡ"})


def is_voiced_stop(symbol: str) -> bool:
    """Whether a symbol is a voiced stop or affricate, at the beginning of a word or inside."""
    return symbol not in SILENCES and unmarked(symbol) in _VOICED_STOPS


def is_plosive(symbol: str) -> bool:
    """Whether a symbol is a stop, voiced or not, and no affricate."""
    return symbol not in SILENCES and unmarked(symbol) in _PLOSIVES


def initial(chosen: Tensor, silent: Tensor) -> Tensor:
    """Which of the `chosen` symbols (B, N) nothing is said before: first ones, and those after one
    that is `silent` (B, N).
    """
    after_silence = torch.ones_like(silent)
    after_silence[:, 1:] = silent[:, :-1]
    return chosen & after_silence


def final(chosen: Tensor, silent: Tensor) -> Tensor:
    """Which of the `chosen` symbols (B, N) nothing is said after."""
    before_silence = torch.ones_like(silent)
    before_silence[:, :-1] = silent[:, 1:]
    return chosen & before_silence


def lead_frames(seconds: Tensor, mel: MelConfig) -> Tensor:
    """Times in seconds as int64 frames."""
    return (seconds * mel.sample_rate / mel.hop_length).round().long()
