"""Groups of equally likely values: listed ones, and products too large to list."""

import math
from collections.abc import Callable, Iterable, Sequence

from pipeline.domain.slots.vocabulary import Group


def listed(weight: float, values: Iterable[str]) -> Group:
    """The distinct ones of `values`, in their order."""
    distinct = tuple(dict.fromkeys(values))
    return Group(weight, len(distinct), distinct.__getitem__)


def product_of(
    weight: float, choices: Sequence[Sequence[str]], join: Callable[..., str] | None = None
) -> Group:
    """One of each of `choices`, joined (default: as they are); the last changes fastest.

    Nothing is listed: a value is found by its index.
    """
    sizes = [len(choice) for choice in choices]

    def at(index: int) -> str:
        picked: list[str] = []
        for choice, size in zip(reversed(choices), reversed(sizes), strict=True):
            index, remainder = divmod(index, size)
            picked.append(choice[remainder])
        picked.reverse()
        return join(*picked) if join else "".join(picked)

    return Group(weight, math.prod(sizes), at)
