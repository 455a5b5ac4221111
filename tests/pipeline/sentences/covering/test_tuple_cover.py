"""Every tuple of levels is covered, in few sentences."""

import math
from itertools import combinations

import numpy as np
import pytest

from pipeline.records import Slot
from pipeline.sentences.covering.tuple_cover import TupleCover, groups_of, tuple_counts


def covered(sizes: list[int], t: int, target: int = 1, seed: int = 1) -> list[tuple[int, ...]]:
    cover = TupleCover(sizes, t, target, np.random.default_rng(seed))
    rows = []
    while (levels := cover.candidate()) is not None:
        gain = cover.gain(levels)
        left = sum(cover.left)
        cover.add(levels)
        assert gain > 0
        if target == 1:
            assert left - sum(cover.left) == gain
        rows.append(levels)
    return rows


@pytest.mark.parametrize(("sizes", "t"), [([3, 4, 5], 2), ([2, 3, 2, 3], 3), ([4], 2), ([5, 1], 2)])
def test_every_tuple_is_covered(sizes: list[int], t: int) -> None:
    rows = covered(sizes, t)
    for chosen in combinations(range(len(sizes)), min(t, len(sizes))):
        found = {tuple(row[p] for p in chosen) for row in rows}
        assert len(found) == math.prod(sizes[p] for p in chosen)


def test_pairs_need_far_fewer_sentences_than_all_combinations() -> None:
    rows = covered([6, 6, 6, 6], 2)
    assert 36 <= len(rows) < 72  # of 1,296
    assert len(set(rows)) == len(rows)


def test_each_tuple_is_covered_as_often_as_asked() -> None:
    rows = covered([3, 3], 2, target=2)
    assert len(rows) == 18
    assert all(rows.count(pair) == 2 for pair in set(rows))


def test_skipping_gives_another_uncovered_tuple() -> None:
    cover = TupleCover([8], 1, 1, np.random.default_rng(2))
    assert len({cover.candidate(skip) for skip in range(8)}) == 8


def test_tuples_are_counted_by_choice_of_slots() -> None:
    assert tuple_counts([2, 3, 4], 2) == [6, 8, 12]
    assert tuple_counts([2, 3], 5) == [6]


def test_groups_hold_listed_values_and_their_parts() -> None:
    slots = [Slot("city", "Rome"), Slot("time", "5 pm"), Slot("city.country", "Italy")]
    assert groups_of(slots, {"city"}, 2) == [(("city", "Rome"), ("city.country", "Italy"))]
    assert groups_of(slots, {"city", "time"}, 1) == [
        (("city", "Rome"),),
        (("time", "5 pm"),),
        (("city.country", "Italy"),),
    ]
