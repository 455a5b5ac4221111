"""Phoneme symbols to the numbers of a checkpoint's table, with a rule for what it never saw."""

from collections.abc import Sequence

import numpy as np

from models.errors import DataError
from models.phonemes import ENDS, PAUSE, STRESS_MARKS, unstressed


def symbol_ids(tokens: Sequence[str], table: Sequence[str]) -> np.ndarray:
    """Indices (N,) of `tokens` in `table`.

    A vowel whose stress the table lacks takes the same vowel with another stress; an end mark or
    pause that it lacks becomes a full stop. Anything else unknown raises `DataError`.
    """
    index = {symbol: number for number, symbol in enumerate(table)}
    return np.array([_lookup(token, index) for token in tokens], dtype=np.int64)


def _lookup(token: str, index: dict[str, int]) -> int:
    plain = unstressed(token)
    candidates = [token, *(mark + plain for mark in STRESS_MARKS), plain]
    if token in (PAUSE, *ENDS):
        candidates.append(".")
    for candidate in candidates:
        if candidate in index:
            return index[candidate]
    raise DataError(f"phoneme {token}: the voice never learned it")
