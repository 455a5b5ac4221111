"""Batches of clips of similar length, up to a number of frames."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class LengthBatches:
    """Batches of clip indices as a pure function of the step.

    Every epoch shuffles the clips, sorts neighbourhoods by length and cuts batches of at most
    `max_frames` frames, padding included.
    """

    def __init__(
        self, lengths: Sequence[int], max_frames: int, seed: int, repeats: Sequence[int] = ()
    ) -> None:
        self._lengths = np.asarray(lengths)
        self._max_frames, self._seed = max_frames, seed
        counts = np.asarray(repeats) if len(repeats) else np.ones(len(lengths), dtype=int)
        self._indices = np.repeat(np.arange(len(lengths)), counts)
        self._first_steps = [0]
        self._epochs: dict[int, list[np.ndarray]] = {}

    @property
    def per_epoch(self) -> int:
        """Batches of the first epoch; the others have about as many."""
        return len(self._epoch(0))

    def at(self, step: int) -> np.ndarray:
        """Clip indices of the batch at `step`."""
        while step >= self._first_steps[-1]:
            self._first_steps.append(
                self._first_steps[-1] + len(self._epoch(len(self._first_steps) - 1))
            )
        epoch = int(np.searchsorted(self._first_steps, step, side="right")) - 1
        return self._epoch(epoch)[step - self._first_steps[epoch]]

    def _epoch(self, epoch: int) -> list[np.ndarray]:
        if epoch not in self._epochs:
            self._epochs = {epoch: self._cut(epoch)}
        return self._epochs[epoch]

    def _cut(self, epoch: int) -> list[np.ndarray]:
        rng = np.random.default_rng((self._seed, epoch))
        jitter = rng.uniform(0.9, 1.1, len(self._indices))
        order = self._indices[np.argsort(self._lengths[self._indices] * jitter)]
        batches, start = [], 0
        longest = 0
        for end, index in enumerate(order, start=1):
            longest = max(longest, int(self._lengths[index]))
            if longest * (end - start) > self._max_frames and end - start > 1:
                batches.append(order[start : end - 1])
                start, longest = end - 1, int(self._lengths[index])
        batches.append(order[start:])
        return [batches[index] for index in rng.permutation(len(batches))]


def pad_stack(arrays: Sequence[np.ndarray], value: float = 0.0) -> Tensor:
    """Arrays (T_i, ...) to one tensor (B, max T_i, ...), filled up with `value`."""
    longest = max(len(array) for array in arrays)
    shape = (len(arrays), longest, *arrays[0].shape[1:])
    padded = np.full(shape, value, dtype=arrays[0].dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(padded)
