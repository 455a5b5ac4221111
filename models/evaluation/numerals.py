"""Numerals as they may be said: a recognizer writes `1984` for "nineteen eighty four", a caller
reads `214` as "two one four".
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

_MONEY = r"\$ ?(?P<dollars>\d[\d,]*)(?:\.(?P<cents>\d\d))?(?!\.?\d)"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?!\d)"
_ORDINAL = r"(?P<ordinal>\d[\d,]*)(?:st|nd|rd|th)\b"
_DECIMAL = r"(?P<whole>\d[\d,]*)\.(?P<fraction>\d+)"
_WHOLE = r"(?P<number>\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_NUMERAL = re.compile("|".join((_MONEY, _CLOCK, _ORDINAL, _DECIMAL, _WHOLE)))
_LONGEST = 12  # digits that are read as one number
_LAST_OF_MONTH = 31


def parts_of(text: str) -> Iterator[str | list[str]]:
    """A text in pieces: what holds no numeral as it is, a numeral as all its readings."""
    end = 0
    for found in _NUMERAL.finditer(text):
        yield text[end : found.start()]
        yield list(dict.fromkeys(_readings(found)))
        end = found.end()
    yield text[end:]


def _readings(found: re.Match[str]) -> Iterator[str]:
    said = {name: text.replace(",", "") for name, text in found.groupdict().items() if text}
    if "dollars" in said:
        yield from _money(said["dollars"], said.get("cents", ""))
    elif "hour" in said:
        yield from _clock(said["hour"], said["minute"])
    elif "ordinal" in said:
        yield from _ordinals(said["ordinal"])
    elif "whole" in said:
        for whole in _numbers(said["whole"]):
            yield f"{whole} point {_by_digit(said['fraction'])}"
        yield _by_digit(said["whole"] + said["fraction"])
    else:
        yield from _numbers(said["number"])
        if int(said["number"]) <= _LAST_OF_MONTH:
            yield from _ordinals(said["number"])


def _numbers(digits: str) -> Iterator[str]:
    """As one number, with and without "and", in pairs as years are, and digit by digit."""
    if len(digits) <= _LONGEST:
        yield _cardinal(digits)
        yield _cardinal(digits, andword="and")
    if len(digits) in (3, 4):
        first, second = digits[:-2], digits[-2:]
        last = f"oh {_cardinal(second[1])}" if second[0] == "0" else _cardinal(second)
        yield f"{_cardinal(first)} {'hundred' if second == '00' else last}"
    yield _by_digit(digits)


def _money(dollars: str, cents: str) -> Iterator[str]:
    for whole in _numbers(dollars):
        unit = "dollar" if dollars == "1" else "dollars"
        if not cents or cents == "00":
            yield f"{whole} {unit}"
            continue
        part = _cardinal(cents.lstrip("0"))
        coins = "cent" if cents == "01" else "cents"
        yield f"{whole} {unit} and {part} {coins}"
        yield f"{whole} {unit} {part} {coins}"
        yield f"{whole} {part}"


def _clock(hour: str, minute: str) -> Iterator[str]:
    said = _cardinal(hour)
    if minute == "00":
        yield from (said, f"{said} o'clock", f"{said} hundred")
        return
    yield f"{said} {f'oh {_cardinal(minute[1])}' if minute[0] == '0' else _cardinal(minute)}"


def _ordinals(digits: str) -> Iterator[str]:
    if len(digits) <= _LONGEST:
        said = (_cardinal(digits), _cardinal(digits, andword="and"))
        yield from (str(_engine().ordinal(one)) for one in said)


def _by_digit(digits: str) -> str:
    return " ".join(_cardinal(digit) for digit in digits)


@functools.cache
def _cardinal(digits: str, andword: str = "") -> str:
    words = _engine().number_to_words(int(digits), andword=andword, comma="")
    return " ".join(str(words).replace("-", " ").split())


@functools.cache
def _engine() -> Any:
    import inflect

    return inflect.engine()
