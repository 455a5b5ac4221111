"""Batches of fixed shape: an item's result does not depend on the other items.

Kernels differ with the shapes that they are given, and so do the last bits of what they make. So
lengths are padded up to a multiple of a step, and there is one size of batch for every shape,
filled up with dummies: an item is computed in the same shape alone, in any company and order.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")
Shape = tuple[int, ...]

_GPU_FRAMES = 65_536  # of a batch: its items, each as long as its length is padded to
_MOST_ITEMS = 256
SYMBOLS_STEP, FRAMES_STEP = 32, 64  # what lengths are padded up to a multiple of


class Budget:
    """How large batches are; halved where memory runs out, and kept so."""

    def __init__(self, frames: int) -> None:
        self.frames = frames

    def items(self, length: int) -> int:
        """How many items of so many frames are a batch: a power of 2, and at least 1."""
        fitting = min(_MOST_ITEMS, self.frames // length)
        return 1 << max(0, fitting.bit_length() - 1)

    def halve(self, length: int) -> None:
        self.frames = self.items(length) * length // 2


@functools.cache
def budget_of(device: str) -> Budget | None:
    """That of this process; None on a CPU, where one item at a time and unpadded is fastest."""
    return None if device == "cpu" else Budget(_GPU_FRAMES)


def padded(length: int, step: int) -> int:
    """The next multiple of `step`."""
    return -(-length // step) * step


def in_batches(
    items: Sequence[T],
    shape_of: Callable[[T], Shape],
    run: Callable[[Sequence[T], Shape], Sequence[R]],
    budget: Budget,
) -> list[R]:
    """What `run(batch, shape)` makes of every item, in their order. Each of a batch is padded to
    `shape`, that of all its items; it is filled up with copies of its first.
    """
    by_shape: dict[Shape, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        by_shape[shape_of(item)].append(index)
    made: dict[int, R] = {}
    for shape, indices in sorted(by_shape.items()):
        while indices:
            size = budget.items(max(shape))
            own = indices[:size]
            batch = [items[index] for index in own]
            try:
                results = run(batch + batch[:1] * (size - len(own)), shape)
            except torch.OutOfMemoryError:
                if size == 1:
                    raise
                budget.halve(max(shape))
                torch.cuda.empty_cache()
                continue
            made.update(zip(own, results, strict=False))
            indices = indices[size:]
    return [made[index] for index in range(len(items))]
