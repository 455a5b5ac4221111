"""Batches of fixed shape: an item's result does not depend on the other items.

Kernels differ with the shapes that they are given, and so do the last bits of what they make. So
lengths are padded up to a multiple of a step, and there is one size of batch for every shape,
filled up with dummies: an item is computed in the same shape alone, in any company and order.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import torch

from models.cuda_graphs import forget_graphs

T = TypeVar("T")
R = TypeVar("R")
Shape = tuple[int, ...]

_GPU_FRAMES = 65_536  # of a batch: its items, each as long as its length is padded to
_MOST_ITEMS = 256
_MEASURED_ITEMS, _MEASURED_LENGTH = 2, 2048  # longer than nearly all sentences
_OF_FREE_MEMORY = 0.5  # the rest is for graphs, each of which keeps what it is given and makes
SYMBOLS_STEP, FRAMES_STEP = 32, 64  # what lengths are padded up to a multiple of


class Memory(Protocol):
    """That of a device."""

    def free_bytes(self) -> int: ...

    def needed_bytes(self, run: Callable[[], object]) -> int:
        """What `run` holds where it holds most."""
        ...


class Budget:
    """How large batches are; halved where memory runs out, and kept so.

    Where `memory` is given, a batch of a fixed shape is measured before the first, and batches take
    no more than half of what is free: not by chance another number, as it is a power of 2.
    """

    def __init__(self, frames: int, memory: Memory | None = None) -> None:
        self.frames = frames
        self._memory = memory

    def measure(self, run: Callable[[int, int], object]) -> None:
        """Bound batches by what `run(size, length)` takes, once."""
        memory, self._memory = self._memory, None
        if memory is None:
            return
        try:
            needed = memory.needed_bytes(lambda: run(_MEASURED_ITEMS, _MEASURED_LENGTH))
        except torch.OutOfMemoryError:
            return  # batches will be halved until they fit
        finally:
            forget_graphs()
        per_frame = needed / (_MEASURED_ITEMS * _MEASURED_LENGTH)
        fitting = int(memory.free_bytes() * _OF_FREE_MEMORY / max(1.0, per_frame))
        self.frames = min(self.frames, 1 << max(0, fitting.bit_length() - 1))

    def items(self, length: int) -> int:
        """How many items of so many frames are a batch: a power of 2, and at least 1."""
        fitting = min(_MOST_ITEMS, self.frames // length)
        return 1 << max(0, fitting.bit_length() - 1)

    def halve(self, length: int) -> None:
        self.frames = self.items(length) * length // 2


class _GpuMemory:
    def free_bytes(self) -> int:
        kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return torch.cuda.mem_get_info()[0] + kept

    def needed_bytes(self, run: Callable[[], object]) -> int:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        return torch.cuda.max_memory_allocated() - before


@functools.cache
def budget_of(device: str, stage: str) -> Budget | None:
    """That of a stage in this process; None on a CPU, where one item at a time and unpadded is
    fastest.
    """
    return None if device == "cpu" else Budget(_GPU_FRAMES, _GpuMemory())


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
                forget_graphs()
                torch.cuda.empty_cache()
                continue
            made.update(zip(own, results, strict=False))
            indices = indices[size:]
    return [made[index] for index in range(len(items))]
