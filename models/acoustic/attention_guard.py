"""Faults of an utterance, detected in its attention: skips, repeats, no end.

L decoder steps, N symbols.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """Tolerances: short sounds share a step, attention may stray to neighbours, speakers pause."""

    skipped_symbols: int = 3  # in a row that were not read
    read_weight: float = 0.25  # the attention, over all steps, of a symbol that was read
    repeated_symbols: int = 3  # steps back from the furthest symbol
    stuck_frames: int = 120  # on one symbol: 1.4 s at the default hop
    missing_symbols: int = 2  # at the end, never reached
    blurred_weight: float = 0.25  # of the symbol read most, on average over the steps


def attention_faults(
    attention: np.ndarray,
    stopped: bool,
    frames_per_step: int = 1,
    limits: GuardLimits = GuardLimits(),
) -> tuple[str, ...]:
    """A message for every skip, repeat, standstill, early end, runaway and blur in attention
    (L, N); empty when all is well. `stopped`: whether the model ended the utterance itself.
    """
    steps, symbols = attention.shape
    path = attention.argmax(axis=1)
    faults = [*_skips(attention, path, limits), *_repeats(path, limits)]
    longest = max(end - start for start, end in _runs(path)) * frames_per_step
    if longest > limits.stuck_frames:
        faults.append(f"stuck on one symbol for {longest} frames")
    if stopped and path.max() < symbols - 1 - limits.missing_symbols:
        faults.append(f"ended early: after symbol {path.max() + 1} of {symbols}")
    if not stopped:
        faults.append(f"ran on: no stop within {steps * frames_per_step} frames")
    if attention.max(axis=1).mean() < limits.blurred_weight:
        faults.append("blurred: no symbol was read clearly")
    return tuple(faults)


def diagonality(attention: np.ndarray) -> float:
    """The share of steps of attention (L, N) that stay or move on by at most two symbols: 1.0 for a
    strict diagonal, near 0 for no alignment.
    """
    moves = np.diff(attention.argmax(axis=1))
    return float(((moves >= 0) & (moves <= 2)).mean()) if len(moves) else 1.0


def _skips(attention: np.ndarray, path: np.ndarray, limits: GuardLimits) -> Iterator[str]:
    """Runs of symbols, before the last one reached, that got hardly any attention."""
    unread = attention[:, : path.max() + 1].sum(axis=0) < limits.read_weight
    for start, end in _runs(unread):
        if unread[start] and end - start >= limits.skipped_symbols:
            yield f"skipped symbols {start + 1} to {end} of {attention.shape[1]}"


def _repeats(path: np.ndarray, limits: GuardLimits) -> Iterator[str]:
    """Returns to symbols that had been left behind."""
    furthest = np.maximum.accumulate(path)
    behind = furthest - path > limits.repeated_symbols
    for start, end in _runs(behind):
        if behind[start]:
            back = path[start:end].min()
            yield f"repeated: went back from symbol {furthest[start] + 1} to {back + 1}"


def _runs(values: np.ndarray) -> list[tuple[int, int]]:
    """Start and end of every run of equal values."""
    changes = np.flatnonzero(np.diff(values)) + 1
    return list(itertools.pairwise([0, *changes.tolist(), len(values)]))
