"""Numbers and codes are nobody's, and look as such codes look."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from pipeline.domain.slots import codes
from pipeline.domain.slots.vocabulary import Group

# Card numbers of the networks' own test pages.
VALID = ("4242424242424242", "4000056655665556", "5555555555554444", "6011111111111117")


def some(groups: list[Group], count: int = 200) -> Iterator[str]:
    """The ends of every group, and others drawn at random."""
    rng = np.random.default_rng(0)
    for group in groups:
        for index in (0, group.size - 1, *rng.integers(group.size, size=count).tolist()):
            yield group.at(index)


def test_the_check_digit_is_luhns() -> None:
    assert all(codes.luhn_sum(number) % 10 == 0 for number in VALID)
    assert all(codes.luhn_sum(number[:-1] + "0") % 10 for number in VALID)
    for card in some(codes.card_numbers("en_US")):
        digits = re.sub(r"[ ,]", "", card)
        assert len(digits) == 16
        assert codes.luhn_sum(digits) % 10 == 0


def test_phone_numbers_are_those_set_aside_for_fiction() -> None:
    for number in some(codes.phone_numbers("en_US")):
        assert re.fullmatch(r"(\(\d{3}\) |\d{3}-)?555-01\d\d", number), number
    fiction = re.compile(r"0(20 7946 0|1(13|17|21|31|41) 496 0|7700 900)\d{3}")
    for number in some(codes.phone_numbers("en_GB")):
        groups = [group.replace(" ", "") for group in number.split(", ")]
        assert fiction.fullmatch(" ".join(groups)), number


@pytest.mark.parametrize(
    ("kind", "look"),
    [
        (codes.security_codes, r"\d \d \d"),
        (codes.pins, r"\d \d \d \d"),
        (codes.digit_strings, r"\d( \d){1,3}(, \d( \d){1,3})?"),
        (codes.letter_strings, r"[A-Z]( [A-Z]){1,5}"),
        (codes.letters, r"[B-Z]( as in [A-Z][a-z]+)?"),
        (codes.mixed_codes, r"[A-Z0-9]( ?[A-Z0-9]){2,5}"),
    ],
)
def test_codes_look_as_they_are_read_out(kind: Callable[[str], list[Group]], look: str) -> None:
    for code in some(kind("en_US")):
        assert re.fullmatch(look, code), code


def test_a_pattern_is_followed_and_an_endless_one_refused() -> None:
    group = codes.pattern_codes("A-99")
    assert group.size == 23 * 100
    assert {group.at(0), group.at(group.size - 1)} == {"B-00", "Z-99"}
    for pattern, message in (
        ("--", "holds no `A`"),
        ("9" * 16, "too long"),
        ("A" * 300, "too long"),
    ):
        with pytest.raises(ValueError, match=message):
            codes.check_pattern(pattern)
    codes.check_pattern("A 9")
