"""Where words begin, in the symbols of an acoustic model: `|t` is a `t` that begins a word.

Without that, "stamped each" and "stamp teach" are one row of phones, and a voice says something
between the two.
"""

import difflib
import functools
from collections.abc import Sequence

from models.phonology.phonemes import SILENCES, WORD, tokens_of


def begins_word(symbol: str) -> bool:
    """Whether a symbol is marked, as `|t` is."""
    return symbol.startswith(WORD) and symbol != WORD


def unmarked(symbol: str) -> str:
    """`t` of `|t`; any other symbol as it is."""
    return symbol.removeprefix(WORD) if begins_word(symbol) else symbol


def marked_tokens(phonemes: str) -> list[str]:
    """The tokens of a phoneme string, the first phone of each word marked:
    `^ ə | k ˈæ t .` -> `^ |ə |k ˈæ t .`
    """
    marked, inside = [], False
    for token in phonemes.split():
        is_phone = token not in (WORD, *SILENCES)
        if token != WORD:
            marked.append(WORD + token if is_phone and not inside else token)
        inside = is_phone
    return marked


def tokens_for(table: Sequence[str], phonemes: str) -> list[str]:
    """What a model with the symbols `table` reads: marked tokens if it learned such ones."""
    return marked_tokens(phonemes) if has_marks(tuple(table)) else tokens_of(phonemes)


@functools.lru_cache
def has_marks(table: tuple[str, ...]) -> bool:
    """Whether some symbol of a model's table is marked."""
    return any(map(begins_word, table))


def with_marks(symbols: Sequence[str], phonemes: str) -> tuple[str, ...]:
    """The symbols of an alignment, which may have pauses and phones that the phoneme string lacks,
    with the marks of those phones that both have.
    """
    marked, tokens = marked_tokens(phonemes), tokens_of(phonemes)
    if _phones(symbols) == _phones(tokens):
        phones = iter(_phones(marked))
        return tuple(one if one in SILENCES else next(phones) for one in symbols)
    # Of other phones: what is most alike, which may take one of two equal words for the other.
    result = list(symbols)
    matcher = difflib.SequenceMatcher(None, symbols, tokens, autojunk=False)
    for block in matcher.get_matching_blocks():
        result[block.a : block.a + block.size] = marked[block.b : block.b + block.size]
    return tuple(result)


def _phones(tokens: Sequence[str]) -> list[str]:
    return [token for token in tokens if token not in SILENCES]
