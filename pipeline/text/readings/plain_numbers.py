"""Small numbers among plain words, read without a grammar: `for 40 seconds`, `at 7:30 am`, `55%`.

A grammar takes 10 ms for such a run of words, and these are more than half of all. What is read
here is what it reads; where words beside a number may change it (short ones that may be units,
other signs), it is asked.
"""

import functools
import re
from collections.abc import Sequence

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_MONTHS = {
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
}  # fmt: skip
_SHORT_MONTHS = {month[:3] for month in _MONTHS} - {"may"} | {"sept"}
# Short words that are no units; longer ones are none either, or read alike.
_NO_UNITS = {
    "and", "the", "for", "on", "as", "to", "of", "in", "at", "is", "it", "we", "or", "by", "big",
    "my",
}  # fmt: skip
_MARKS = ".,;:?!"
_NUMBER = re.compile(r"(0|[1-9][0-9]?)([.,;:?!]*)")
_ORDINAL = re.compile(r"(?!0|1[123][snr])([1-9]?(?:1st|2nd|3rd|[04-9]th)|1[123]th)([.,;:?!]*)")
_PERCENT = re.compile(r"(0|[1-9][0-9]?|100)%([.,;:?!]*)")
_TIME = re.compile(r"([1-9]|1[0-2]):([0-5][0-9])([.,;:?!]*)")
_HALF_DAY = re.compile(r"([aApP])(?:\.[mM]\.|[mM](?=[.,;:?!]*$))([.,;:?!]*)")
_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*[,;:?!]*|[?!]")
_LAST_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*[.,;:?!]*|[?!]")


@functools.lru_cache(maxsize=1 << 16)
def read_plain(run: str) -> str | None:
    """The spoken form of a run of words; None where a grammar must read it."""
    words = run.split()
    spoken = []
    for at in range(len(words)):
        said = _read(words, at)
        if said is None:
            return None
        spoken.append(said)
    return " ".join(spoken)


def _read(words: Sequence[str], at: int) -> str | None:
    word = words[at]
    before = words[at - 1] if at else ""
    behind = words[at + 1] if at + 1 < len(words) else ""
    if half := _HALF_DAY.fullmatch(word):
        hour = _TIME.fullmatch(before) or _NUMBER.fullmatch(before)
        return f"{half[1].upper()}M{half[2]}" if hour and 1 <= int(hour[1]) <= 12 else None
    if (_WORD if behind else _LAST_WORD).fullmatch(word):
        return word
    if match := _NUMBER.fullmatch(word):
        return _number(match, before, behind)
    if match := _TIME.fullmatch(word):
        return _time(match, behind)
    if match := _PERCENT.fullmatch(word):
        return f"{_cardinal(int(match[1]))} percent{match[2]}"
    if match := _ORDINAL.fullmatch(word):
        return _ordinal(int(match[1][:-2])) + match[2]
    return None


def _number(match: re.Match[str], before: str, behind: str) -> str | None:
    """`40` as forty, and in `March 3` as third."""
    number, marks = int(match[1]), match[2]
    month = before.strip(_MARKS)
    if behind and not marks and not _HALF_DAY.fullmatch(behind) and _changes(match[1], behind):
        return None
    if month.lower() in _SHORT_MONTHS or month == "may":
        return None
    if month.lower() in _MONTHS:
        is_date = month == before and 1 <= number <= 31
        return _ordinal(number) + marks if is_date else None
    return _cardinal(number) + marks


def _time(match: re.Match[str], behind: str) -> str | None:
    hour, minutes, marks = _cardinal(int(match[1])), int(match[2]), match[3]
    in_half = not marks and bool(_HALF_DAY.fullmatch(behind))
    if behind and not marks and not in_half and _changes("00", behind):
        return None
    if not minutes:
        return f"{hour}{marks}" if in_half else f"{hour} o'clock{marks}"
    return f"{hour} {'o ' if minutes < 10 else ''}{_cardinal(minutes)}{marks}"


def _changes(number: str, behind: str) -> bool:
    """Whether what stands behind a number may be read with it."""
    following = _NUMBER.fullmatch(behind)
    if following:  # single digits are read one by one
        return len(number) > 1 or len(following[1]) > 1
    plain = behind.strip(_MARKS).lower()
    is_month = plain in _MONTHS or plain in _SHORT_MONTHS
    return is_month or (0 < len(plain) < 4 and plain not in _NO_UNITS)


def _cardinal(number: int) -> str:
    if number == 100:
        return "one hundred"
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f" {_ONES[ones]}" if ones else "")


def _ordinal(number: int) -> str:
    *tens, last = _cardinal(number).split()
    ordinal = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join([*tens, ordinal])
