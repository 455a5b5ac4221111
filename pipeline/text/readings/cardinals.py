"""Numbers in words as NeMo's grammars say them: "three hundred and sixty five", "twenty first"."""

import re

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen")
_SMALL = (*DIGITS, *_TEENS, "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBER_WORDS = (*_SMALL, *_TENS)
_SCALES = ("", " thousand", " million", " billion", " trillion")
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
_ORDINALS |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}


def digit_by_digit(text: str) -> str:
    """`555-0123` as "five five five, zero one two three": a comma where the groups part."""
    groups = re.findall(r"\d+", text)
    return ", ".join(" ".join(DIGITS[int(digit)] for digit in group) for group in groups)


def cardinal(number: int) -> str:
    """`1234` as "one thousand two hundred and thirty four"; digit by digit from 10^15 on."""
    if number < 100:
        return _below_hundred(number)
    if number >= 10**15:
        return digit_by_digit(str(number))
    words, scale = [], 0
    while number:
        number, group = divmod(number, 1000)
        if group:
            words.append(_below_thousand(group, " and " if scale == 0 else " ") + _SCALES[scale])
        scale += 1
    return " ".join(reversed(words))


def _below_thousand(number: int, joint: str) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [f"{DIGITS[hundreds]} hundred"] if hundreds else []
    return joint.join([*parts, *([_below_hundred(rest)] if rest else [])])


def _below_hundred(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    tens, rest = divmod(number, 10)
    return _TENS[tens - 2] + (f" {DIGITS[rest]}" if rest else "")


def ordinal(number: int) -> str:
    """`21` as "twenty first"."""
    first, _, last = cardinal(number).rpartition(" ")
    if last not in _ORDINALS:
        _ORDINALS[last] = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return f"{first} {_ORDINALS[last]}".strip()


def decimal(number: str) -> str:
    """`1,234.50` as "one thousand two hundred and thirty four point five zero"."""
    whole, _, part = number.replace(",", "").partition(".")
    words = cardinal(int(whole)) if whole else ""
    return f"{words} point {digit_by_digit(part)}".strip() if part else words


def year(number: int) -> str:
    """`1905` as "nineteen oh five", `2008` as "two thousand eight", as roads and houses are."""
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:
        return f"{DIGITS[century // 10]} thousand" + (f" {DIGITS[rest]}" if rest else "")
    tail = "hundred" if not rest else f"oh {DIGITS[rest]}" if rest < 10 else cardinal(rest)
    return f"{cardinal(century)} {tail}"
