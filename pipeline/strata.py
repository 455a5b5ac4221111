"""Draws that fill their range evenly, so that a small dataset is balanced, too.

A Latin hypercube in blocks of 64 rows: of any 64 rows in a row each number that a link draws falls
once into every 64th of [0, 1), in an order of its own.
"""

import functools
from typing import Any

import numpy as np

from pipeline.randomness import rng_for

BLOCK_ROWS = 64


class Strata(np.random.Generator):
    """The generator of one row's draws for the purpose `name`: `random` alone is stratified.

    `rng` places each draw within its 64th. The same arguments give the same draws in any order
    of rows.
    """

    def __init__(self, rng: np.random.Generator, seed: int, name: str, row: int) -> None:
        super().__init__(rng.bit_generator)
        self._seed = seed
        self._name = name
        self._block, self._place = divmod(row, BLOCK_ROWS)
        self._drawn = 0

    def random(self, size: int | None = None) -> Any:  # type: ignore[override]
        """One number in [0, 1), or `size` of them."""
        if size is not None:
            return np.array([self.random() for _ in range(size)])
        name = f"{self._name}\x1f{self._drawn}\x1f{self._block}"
        self._drawn += 1
        stratum = _order(self._seed, name)[self._place]
        return (stratum + super().random()) / BLOCK_ROWS


@functools.lru_cache(maxsize=4096)
def _order(seed: int, name: str) -> np.ndarray:
    return rng_for(seed, "strata", name).permutation(BLOCK_ROWS)
