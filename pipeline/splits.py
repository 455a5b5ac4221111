"""Which split a row belongs to, and which recordings the rows of a split may use."""

from collections.abc import Mapping, Sequence

from models.errors import ConfigError
from pipeline.randomness import rng_for

SPLITS = ("train", "validation", "test")
# What two splits may have in common: kinds of leaks.
KINDS = ("text", "template", "speaker", "noise", "room")
SLOT = "slot:"  # a kind, too, followed by the slot's name


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

    Each split gets its share of a class, and at least one where there are as many names as
    splits; which ones it gets is drawn. A class with fewer serves train first, then the split
    that has been served least. Where classes are so small that a split would get nothing, all
    are dealt as one.
    """
    dealt = _deal_each(groups, split)
    if set(dealt.values()) != set(used_splits(split)):
        dealt = _deal_each({"": [name for names in groups.values() for name in names]}, split)
    return dealt


def check_every_split(
    kind: str, dealt: Mapping[str, str], shares: Mapping[str, float], families: int | None = None
) -> None:
    """Raise `ConfigError` where a split got none of the `dealt` values of `kind`; `families` is
    how many groups of voices there are.
    """
    without = [name for name in used_splits(shares) if name not in dealt.values()]
    if without:
        count = f"{len(dealt)} values"
        if families is not None:
            count = f"{len(dealt)} voices in {families} families (a mix belongs to its parents)"
        raise ConfigError(
            f"output.disjoint: {kind}: {count}, so {' and '.join(without)} would have none; take "
            f"`{kind}` out, or set output.split to fewer splits"
        )


def _deal_each(groups: Mapping[str, Sequence[str]], split: Mapping[str, float]) -> dict[str, str]:
    dealt: dict[str, str] = {}
    served = dict.fromkeys(used_splits(split), 0)
    for names in groups.values():
        counts = dict.fromkeys(served, 0)

        def next_round_robin(name: str, counts: dict[str, int] = counts) -> tuple[float, ...]:
            # One each before anyone gets two, train first; then who is furthest behind.
            is_first = counts[name] == 0
            order = (name != "train") + served[name] if is_first else counts[name] / split[name]
            return (not is_first, order)

        for name in _shuffled([name for name in names if name not in dealt]):
            dealt[name] = min(served, key=next_round_robin)
            counts[dealt[name]] += 1
        for name in served:
            served[name] += counts[name] if name != "train" else 0
    return dealt


def _shuffled(names: Sequence[str]) -> list[str]:
    return sorted(set(names), key=lambda name: (rng_for(0, "deal", name).random(), name))


def numbers_by_split(split: Mapping[str, float], count: int) -> dict[str, int]:
    """How many of `count` sentences each split gets."""
    names = used_splits(split)
    return dict(zip(names, numbers_of([split[name] for name in names], count), strict=True))


def numbers_of(shares: Sequence[float], count: int) -> list[int]:
    """How many of `count` sentences each share is; the last takes what rounding leaves over."""
    numbers: list[int] = []
    for share in shares[:-1]:
        numbers.append(min(round(count * share), count - sum(numbers)))
    return [*numbers, count - sum(numbers)]
