"""Phoneme symbols to the numbers of a checkpoint's table, with a rule for what it never saw."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.errors import DataError
from models.phonology.phonemes import ENDS, PAUSE, STRESS_MARKS, WORD, unstressed
from models.phonology.word_starts import begins_word, unmarked


def symbol_ids(tokens: Sequence[str], table: Sequence[str]) -> np.ndarray:
    """Indices (N,) of `tokens` in `table`, as `find_symbol` finds them.

    Raises `DataError` naming a token that is not there.
    """
    index = {symbol: number for number, symbol in enumerate(table)}
    return np.array([_lookup(token, index) for token in tokens], dtype=np.int64)


def find_symbol(token: str, index: Mapping[str, int]) -> int | None:
    """The number of a token of the phoneme string; None when nothing stands for it.

    A vowel whose stress the table lacks takes the same vowel with another stress; a phone that it
    never saw begin a word is read as within one; an end mark or pause that it lacks becomes a
    full stop.
    """
    written = unmarked(token)
    plain = unstressed(written)
    candidates = [written, *(mark + plain for mark in STRESS_MARKS), plain]
    if begins_word(token):
        candidates = [*(WORD + candidate for candidate in candidates), *candidates]
    if token in (PAUSE, *ENDS):
        candidates.append(".")
    return next((index[candidate] for candidate in candidates if candidate in index), None)


def _lookup(token: str, index: Mapping[str, int]) -> int:
    number = find_symbol(token, index)
    if number is None:
        raise DataError(f"phoneme {token}: the voice never learned it")
    return number
