"""Work on pieces of a dataset, groups of shards or files, that a caller may spread over workers."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

# Runs a function on each of the pieces, here or on workers; returns what it returned, in order.
Each = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]
MAX_GROUPS = 200


def one_by_one(make: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
    """Here, one piece after the other."""
    return [make(piece) for piece in pieces]


def in_groups(pieces: Sequence[T], most: int | None = None) -> list[list[T]]:
    """The pieces in order, in at most so many groups of neighbours, all but the last as large."""
    size = max(1, -(-len(pieces) // (most or MAX_GROUPS)))
    return [list(pieces[start : start + size]) for start in range(0, len(pieces), size)]
