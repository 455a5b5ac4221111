"""Keyed permutations: every number below n once, without a list of them.

A Feistel network over a rectangle of a rows and b columns, a * b >= n: each round shifts the
row by a hash of the column, or the column by a hash of the row, so every round can be undone
and no two numbers meet. What falls beyond n is sent round again until it falls within
(cycle walking; fewer than three in a hundred do for n above 4096).
"""

import math

import numpy as np

# Rows and columns must fit 32 bits, for their hashes are multiplied in 64.
MAX_SIZE = 1 << 62
_ROUNDS = 6
_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


class Permutation:
    """The numbers 0 ... size-1, each once; `rng` chooses which of the orders it is.

    Raises `ValueError` for a size below 1 or above `MAX_SIZE`.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        if not 1 <= size <= MAX_SIZE:
            raise ValueError(f"size {size}; from 1 to {MAX_SIZE} are allowed")
        self.size = size
        rows = math.isqrt(size - 1) + 1
        self._rows, self._columns = np.uint64(rows), np.uint64(-(-size // rows))
        self._keys = rng.integers(0, 1 << 63, _ROUNDS, dtype=np.uint64)

    def at(self, start: int, count: int) -> np.ndarray:
        """The numbers at the indices `start` ... `start + count - 1` (fewer at the end), int64."""
        indices = np.arange(start, min(start + count, self.size), dtype=np.uint64)
        numbers = self._once(indices)
        while (outside := numbers >= np.uint64(self.size)).any():
            numbers[outside] = self._once(numbers[outside])
        return numbers.astype(np.int64)

    def _once(self, numbers: np.ndarray) -> np.ndarray:
        row, column = np.divmod(numbers, self._columns)
        for round_number, key in enumerate(self._keys):
            if round_number % 2:
                row = (row + _hash(column, key) % self._rows) % self._rows
            else:
                column = (column + _hash(row, key) % self._columns) % self._columns
        result: np.ndarray = row * self._columns + column
        return result


def _hash(numbers: np.ndarray, key: np.uint64) -> np.ndarray:
    """32 well-mixed bits a number; the products wrap around."""
    mixed = (numbers ^ key) * _ODD
    mixed ^= mixed >> _HALF
    mixed *= _ODD
    result: np.ndarray = mixed >> _HALF
    return result
