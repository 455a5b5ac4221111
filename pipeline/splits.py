"""Which split a row belongs to, and which recordings the rows of a split may use."""

from collections.abc import Mapping, Sequence

from pipeline.dataset import SPLITS
from pipeline.randomness import rng_for

# In which order splits are served where there is not one of a kind for each.
_FIRST_SERVED = ("train", "test", "validation")


def split_of(row_id: str, seed: int, split: Mapping[str, float]) -> str:
    """The split a row belongs to: drawn by its id, so it never moves when a build grows."""
    draw, upper = rng_for(seed, "split", row_id).random(), 0.0
    names = used_splits(split)
    for name in names:
        upper += split[name]
        if draw < upper:
            return name
    return names[-1]


def used_splits(split: Mapping[str, float]) -> list[str]:
    """The splits that get rows, in their usual order."""
    return [name for name in SPLITS if split.get(name, 0.0) > 0.0]


def deal(groups: Mapping[str, Sequence[str]], split: Mapping[str, float]) -> dict[str, str]:
    """Name -> the one split that may use it, for the names in `groups` (class -> its names).

    Within a class each split gets its share, and at least one where there are as many names as
    splits; which ones it gets is drawn. A class with fewer serves train first, then test, then
    validation; where all classes are so small that a split would get nothing, they are dealt
    as one.
    """
    dealt = _deal_each(groups, split)
    if set(dealt.values()) != set(used_splits(split)):
        dealt = _deal_each({"": [name for names in groups.values() for name in names]}, split)
    return dealt


def _deal_each(groups: Mapping[str, Sequence[str]], split: Mapping[str, float]) -> dict[str, str]:
    shares = {name: split[name] for name in _FIRST_SERVED if split.get(name, 0.0) > 0.0}
    dealt: dict[str, str] = {}
    for names in groups.values():
        free = [name for name in _shuffled(names) if name not in dealt]
        counts = dict.fromkeys(shares, 0)
        for name in free:
            # The split that is furthest behind its share; all get one before any gets two.
            needy = min(
                shares, key=lambda split: (counts[split] > 0, counts[split] / shares[split])
            )
            counts[needy] += 1
            dealt[name] = needy
    return dealt


def _shuffled(names: Sequence[str]) -> list[str]:
    return sorted(set(names), key=lambda name: (rng_for(0, "deal", name).random(), name))
