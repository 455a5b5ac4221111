"""Stratified draws: spread evenly over the rows of a group, so that small datasets are balanced.

Independent draws leave gaps: of 16 clips of an intent none may be in the street. Here any 2, 4,
8 ... 64 rows that follow on each other in a group fall into different halves, quarters, eighths
... of a draw's range: a (0, 1)-sequence in base 2, scrambled after Owen (1995). Every draw has an
order of its own, so what happens to be drawn together stays random.
"""

import functools
from dataclasses import dataclass

import numpy as np

from pipeline.randomness import rng_for

_LEVELS = 6
BLOCK = 1 << _LEVELS  # rows after which another order begins


@dataclass(frozen=True, slots=True)
class Rank:
    """The `number` of a row, from 0, among the rows of a build that share its `group`."""

    group: str
    number: int


class StratifiedDraws(np.random.Generator):
    """The generator of one row, whose `random` is stratified by the row's rank in its group.

    `name` tells generators of the same row apart. It takes from `rng` as many numbers as `rng`
    itself would; its other methods are those of `rng`.
    """

    def __init__(self, rng: np.random.Generator, seed: int, name: str, rank: Rank) -> None:
        super().__init__(rng.bit_generator)
        self._order_of = (seed, f"{rank.group}\x1f{name}", rank.number // BLOCK)
        self._rank = rank.number % BLOCK
        self._num_drawn = 0

    def random(self, size: int | None = None):  # type: ignore[no-untyped-def,override]
        """A number in [0, 1), or (size,) of them, each even over the group by itself."""
        if size is not None:
            return np.array([self.random() for _ in range(size)])
        stratum = _order(*self._order_of, self._num_drawn)[self._rank]
        self._num_drawn += 1
        return (stratum + super().random()) / BLOCK


@functools.lru_cache(maxsize=8192)
def _order(seed: int, name: str, block: int, draw: int) -> tuple[int, ...]:
    rng = rng_for(seed, "even", f"{name}\x1f{block}\x1f{draw}")
    return tuple(stratified_order(rng, _LEVELS).tolist())


def stratified_order(rng: np.random.Generator, levels: int) -> np.ndarray:
    """The numbers 0 ... 2**levels - 1 in a random order, of which any 2**m that begin at a
    multiple of 2**m differ in their first m bits.

    Sequences grow by two of them in a row; where both have a number, one goes on to its lower
    half and the other to its upper.
    """
    orders = np.zeros((1 << levels, 1), dtype=np.int64)  # (sequences, length)
    for _ in range(levels):
        first, second = orders[0::2], orders[1::2]
        halves = rng.integers(2, size=first.shape)
        lower = 2 * first + np.take_along_axis(halves, first, axis=1)
        upper = 2 * second + 1 - np.take_along_axis(halves, second, axis=1)
        orders = np.concatenate([lower, upper], axis=1)
    return np.asarray(orders[0])
