"""What is drawn is compared: equal, shifted by chance, shifted for certain, gone."""

from collections import Counter

import pytest

from pipeline.diff.distributions import CHANCE, Spread, SpreadCount, spreads_of


def compared(before: Counter, after: Counter, kind: str = "labels") -> Spread:
    empty: dict = {"labels": {}, "numbers": {}}
    name = "noise class" if kind == "labels" else "SNR"
    (spread,) = spreads_of(
        *(SpreadCount(**empty | {kind: {name: count}}) for count in (before, after))
    )
    return spread


@pytest.mark.parametrize("kind", ["labels", "numbers"])
def test_equal_counts_are_the_same_and_no_test_is_made(kind: str) -> None:
    counts = Counter({1: 3, 2: 5}) if kind == "numbers" else Counter(rain=3, car=5)
    spread = compared(counts, counts.copy(), kind)
    assert spread.is_same
    assert spread.p is None


def test_shares_that_moved_are_told_largest_first_with_their_p() -> None:
    spread = compared(Counter(rain=900, car=50, cafe=50), Counter(rain=500, car=450, cafe=50))
    assert spread.words.startswith("car 5.0 % -> 45.0 %, rain 90.0 % -> 50.0 %; more than chance")
    assert spread.p is not None
    assert spread.p < CHANCE
    by_chance = compared(Counter(rain=50, car=50), Counter(rain=48, car=52))
    assert by_chance.p is not None
    assert by_chance.p > CHANCE
    assert "no more than chance" in by_chance.words


def test_the_same_shares_of_more_rows_are_no_change() -> None:
    assert "the same shares" in compared(Counter(rain=1, car=2), Counter(rain=10, car=20)).words
    numbers = compared(Counter({1.0: 1, 2.0: 2}), Counter({1.0: 10, 2.0: 20}), "numbers")
    assert "the same shares" in numbers.words


def test_medians_and_the_largest_distance_are_those_of_the_rows() -> None:
    before = Counter({5.0: 100, 10.0: 101, 15.0: 100})
    spread = compared(before, Counter({value + 5: n for value, n in before.items()}), "numbers")
    assert (spread.before, spread.after) == (10.0, 15.0)
    assert spread.words.startswith("median 10 -> 15 dB, 33.6 % of the rows lie elsewhere; more")


def test_a_column_that_has_no_number_any_more_is_told() -> None:
    spread = compared(Counter({5.0: 7}), Counter(), "numbers")
    assert (spread.words, spread.p, spread.after) == ("7 rows have one -> 0", None, None)
