"""Digits and letters said one by one: phone and card numbers, PINs, booking codes.

No number is anybody's: phone numbers come from the ranges set aside for fiction, card numbers
begin as the card networks' test numbers do and have a right check digit (Luhn).
"""

from collections.abc import Sequence

from models.errors import shortened
from pipeline.domain.slots.groups import listed, product_of
from pipeline.domain.slots.vocabulary import MAX_GROUP_SIZE, Group

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_LONGEST_PATTERN = 200  # characters
_AREA_CODES = (202, 206, 212, 213, 215, 303, 305, 312, 404, 415, 503, 512, 602, 617, 702, 808)
_FICTION_GB = ("020 7946 0", "0113 496 0", "0117 496 0", "0121 496 0", "0131 496 0", "0141 496 0")
_CARD_STARTS = ("400000", "424242", "411111", "555555", "520082", "601111")
_CODE_LETTERS = "BCDEFGHJKLMNPQRSTUVWXYZ"  # no I and O, which look like digits; no article
_ALPHABET = (
    *("B as in Bravo", "C as in Charlie", "D as in Delta", "E as in Echo", "F as in Foxtrot"),
    *("G as in Golf", "H as in Hotel", "J as in Juliet", "K as in Kilo", "L as in Lima"),
    *("M as in Mike", "N as in November", "P as in Papa", "R as in Romeo", "S as in Sierra"),
    *("T as in Tango", "V as in Victor", "Z as in Zulu"),
)


def check_pattern(pattern: str) -> None:
    """`ValueError` when a code's pattern holds nothing to draw or too much of it."""
    shown = repr(shortened(pattern))
    if not set(pattern) & set("A9"):
        raise ValueError(f"pattern: {shown} holds no `A` (a letter) and no `9` (a digit)")
    if len(pattern) > _LONGEST_PATTERN or pattern_codes(pattern).size > MAX_GROUP_SIZE:
        raise ValueError(f"pattern: {shown} is too long; at most 15 digits or 11 letters")


def pattern_codes(pattern: str, weight: float = 1.0) -> Group:
    """Codes by their look: `A` a letter (but A, I and O), `9` a digit: `A A 9 9` as `K T 4 0`."""
    choices = {"A": _CODE_LETTERS, "9": _DIGITS}
    return product_of(weight, [choices.get(sign, sign) for sign in pattern])


def phone_numbers(locale: str) -> list[Group]:
    return _phone_numbers_gb() if locale == "en_GB" else _phone_numbers_us()


def _phone_numbers_us() -> list[Group]:
    """555-0100 to 555-0199: the range set aside for fiction, so nobody is ever called."""
    lines = [f"555-{number:04d}" for number in range(100, 200)]
    return [
        listed(2, lines),
        listed(2, (f"({area}) {line}" for area in _AREA_CODES for line in lines)),
        listed(1, (f"{area}-{line}" for area in _AREA_CODES for line in lines)),
    ]


def _phone_numbers_gb() -> list[Group]:
    """Ofcom's numbers for television drama, digit after digit as they are read out."""

    def apart(*parts: str) -> str:
        groups = "".join(parts).split(" ")
        return ", ".join(" ".join(group) for group in groups)

    return [
        product_of(1, [_FICTION_GB, *[_DIGITS] * 3], apart),
        product_of(1, [("07700 900",), *[_DIGITS] * 3], apart),
    ]


def extensions(locale: str) -> list[Group]:
    return [listed(1, (str(number) for number in range(100, 1000)))]


def card_numbers(locale: str) -> list[Group]:
    """Sixteen digits: in one, and in fours as they are read out."""
    choices = [_CARD_STARTS, *[_DIGITS] * 9]
    return [
        product_of(1, choices, _with_check_digit),
        product_of(3, choices, lambda *drawn: in_groups(_with_check_digit(*drawn), (4, 4, 4, 4))),
    ]


def _with_check_digit(*parts: str) -> str:
    digits = "".join(parts)
    return digits + str(-luhn_sum(digits + "0") % 10)


def luhn_sum(digits: str) -> int:
    """A multiple of ten for a card number that is right."""
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(digits[::-1])]
    return sum(number - 9 if number > 9 else number for number in doubled)


def in_groups(digits: str, sizes: Sequence[int]) -> str:
    """`42424242` in (4, 4) as `4 2 4 2, 4 2 4 2`: how people read numbers out."""
    groups, start = [], 0
    for size in sizes:
        groups.append(" ".join(digits[start : start + size]))
        start += size
    return ", ".join(groups)


def security_codes(locale: str) -> list[Group]:
    return [product_of(1, [_DIGITS] * 3, lambda *drawn: " ".join(drawn))]


def pins(locale: str) -> list[Group]:
    return [product_of(1, [_DIGITS] * 4, lambda *drawn: " ".join(drawn))]


def digit_strings(locale: str) -> list[Group]:
    """Two to eight digits, apart, long ones with a pause in the middle."""
    short = [
        product_of(weight, [_DIGITS] * size, lambda *drawn: " ".join(drawn))
        for weight, size in ((1, 2), (3, 3), (4, 4))
    ]
    halves = {5: (3, 2), 6: (3, 3), 7: (3, 4), 8: (4, 4)}
    long = [
        product_of(
            2,
            [_DIGITS] * size,
            lambda *drawn, parts=parts: in_groups("".join(drawn), parts),
        )
        for size, parts in halves.items()
    ]
    return [*short, *long]


def letters(locale: str) -> list[Group]:
    """A letter by itself; `A` would be read as the article, and is said in longer codes."""
    return [listed(1, _LETTERS[1:]), listed(1, _ALPHABET)]


def letter_strings(locale: str) -> list[Group]:
    """Two to six letters, apart: `K T R`."""
    return [
        product_of(weight, [_LETTERS] * size, lambda *drawn: " ".join(drawn))
        for weight, size in ((1, 2), (3, 3), (2, 4), (1, 5), (1, 6))
    ]


def mixed_codes(locale: str) -> list[Group]:
    """Letters and digits as booking codes and number plates hold them, joined or apart."""
    spaced = [
        product_of(
            1,
            [_CODE_LETTERS] * num_letters + [_DIGITS] * num_digits,
            lambda *drawn: " ".join(drawn),
        )
        for num_letters, num_digits in ((1, 2), (1, 3), (2, 2), (2, 3), (2, 4), (3, 3))
    ]
    joined = [pattern_codes(pattern, 0.7) for pattern in ("A9A9A9", "9AA9")]
    return [*spaced, *joined]
