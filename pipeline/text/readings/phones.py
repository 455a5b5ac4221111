"""Telephone numbers, cards, codes and serial numbers: digit by digit, a comma between groups."""

import re

from pipeline.text.readings.cardinals import DIGITS, digit_by_digit
from pipeline.text.readings.rules import Rule, any_of

_DAY_AND_MONTH = r"(?:[0-3]\d-)?(?:0\d|1[0-2])-"
_CUE = r"(?<=\b[Cc]all )|(?<=\b[Dd]ial )|(?<=\b[Rr]ing )|(?<=\b[Tt]ext )|(?<=\b[Pp]hone )"
_BEHIND_NUMBER = (
    r"(?=[.,;:?!]*$|[.,;:?!] | (?:now|if|in|for|from|on|and|or|please|to|right|when|at)\b)"
)


def _phone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + digit_by_digit(match[0])


def _digits_behind(match: re.Match[str]) -> str:
    return match[1] + digit_by_digit(match[2])


def _card(match: re.Match[str]) -> str:
    return digit_by_digit(" ".join(re.findall(r"\d{4}", match[0])))


def _toll_free(match: re.Match[str]) -> str:
    """`1-800-555-0199`: "one, eight hundred"."""
    area = digit_by_digit(match[2][0]) + " hundred" if match[2][1:] == "00" else ""
    one = "one, " if match[1] else ""
    return f"{one}{area or digit_by_digit(match[2])}, {digit_by_digit(match[3])}"


def _ten_digits(match: re.Match[str]) -> str:
    return digit_by_digit(f"{match[0][:3]} {match[0][3:6]} {match[0][6:]}")


def _seven_digits(match: re.Match[str]) -> str:
    return digit_by_digit(f"{match[0][:3]} {match[0][3:]}")


def _keys(match: re.Match[str]) -> str:
    """`Press 9#` as "Press nine pound"."""
    keys = {"#": "pound", "*": "star", **{str(digit): DIGITS[digit] for digit in range(10)}}
    return match[1] + " ".join(keys[key] for key in match[2])


def _code(match: re.Match[str]) -> str:
    """`Flight UA 482`, `code is 905 114`: letters one by one, and digits."""
    before = re.sub(r"(?<= )[A-Z]{2}$", lambda letters: " ".join(letters[0]), match[1])
    return f"{before} {digit_by_digit(match[2])}"


def _serial(match: re.Match[str]) -> str:
    """`A1B2` as "A one B two"."""
    parts = re.findall(r"\d+|[A-Za-z]", match[1])
    return "number " + " ".join(
        digit_by_digit(part) if part.isdigit() else part.upper() for part in parts
    )


# These change a text only where it holds a digit, and are left out where it holds none.
PHONES: list[Rule] = [
    (re.compile(r"(?<![\d-])\d{4}(?:[ -]?\d{4}){3}(?![\d-])"), _card),
    (re.compile(r"\b([Tt])el(?=: ?[+(\d])"), r"\1elephone"),
    (re.compile(r"\bP[Hh]\.?:? ?(?=[+(\d]\d*[) -]\d)"), "Phone "),
    (re.compile(r"\b((?:[Pp]ress|[Hh]it|[Pp]ush|[Dd]ial) )([\d*#]*[*#][\d*#]*)(?!\w)"), _keys),
    (
        re.compile(r"\b((?:[Pp]ress|[Hh]it|[Pp]ush|[Dd]ial) [a-z ]+ (?:or|and|then) )([*#]\d*)"),
        _keys,
    ),
    (re.compile(r"\b(?:00|011 ) ?\d{1,3}(?: \d{2,5}){2,4}\b|\b0\d \d{4} \d{4}\b"), _phone),
    (
        re.compile(
            r"(?<![\w+])\+\d{1,3}(?:[ .-]?\(\d{1,4}\)[ .-]?\d{1,5}|[ .-]\d{1,5}){1,6}[\d-]*\b"
        ),
        _phone,
    ),
    (re.compile(r"(?<![\w+])\+\d{8,15}\b"), _phone),
    (re.compile(r"\b0(?:\d\d \d{4} \d{4}|\d{3} \d{3} \d{3,4}|\d{4} \d{6})\b"), _phone),
    (re.compile(r"\b0\d(?: \d\d){4}\b|\(0\d{1,4}\) ?\d{3,4} \d{3,4}\b"), _phone),
    (re.compile(r"(?<![\d-])\d{3}-\d{4}-\d{4}(?![\d-])|\b1[38]00 \d{3} \d{3}\b"), _phone),
    (re.compile(r"(?<![\d+-])(?<!\+\d )(1)[ .-]\(?(\d{3})\)?[ .-](\d{3}[ .-]\d{4})\b"), _toll_free),
    (re.compile(r"(?<![\d+-])(?<!\d )()\(?(800)\)?[ .-] ?(\d{3}[ .-]\d{4})\b"), _toll_free),
    (re.compile(r"(?<![\d+-])(?<!\d )\d{5} \d{5}(?![ -]?\d)"), _phone),
    (re.compile(rf"(?:{_CUE})\d{{10}}\b"), _ten_digits),
    (re.compile(rf"(?:{_CUE})\d{{3}}\.\d{{4}}\b"), _phone),
    (re.compile(r"(?<![\d-])\d(?:-\d){2,}(?![\d-])"), lambda match: match[0].replace("-", " ")),
    (
        re.compile(r"(?<![\w*])\*(\d{2,4})(#?)(?![\w*])"),
        lambda match: f"star {digit_by_digit(match[1])}{' pound' if match[2] else ''}",
    ),
    (re.compile(rf"(?:{_CUE})\d{{7}}\b{_BEHIND_NUMBER}"), _seven_digits),
    (re.compile(rf"(?:{_CUE})\d{{3,8}}\b{_BEHIND_NUMBER}"), _phone),
    (re.compile(r"(?<=[Ss]ort code )((?:is )?)(\d\d-\d\d-\d\d)\b"), _digits_behind),
    (re.compile(rf"(?<![\d-])(?!{_DAY_AND_MONTH})()(\d\d-\d\d-\d\d)(?![\d-])"), _digits_behind),
    (
        re.compile(r"(?<!#)\b([A-Z]{2,4})-?(\d{3,8})\b"),
        lambda match: f"{' '.join(match[1])} {digit_by_digit(match[2])}",
    ),
    (re.compile(r"\bApt\.? ?#(?=\d)"), "apartment "),
    (re.compile(r"#(?=\w*\d)(?=\w*[A-Za-z])([A-Za-z\d]{2,10})\b"), _serial),
    (re.compile(r"\b((?:ending|ends|end) (?:in|with) )(\d{2,8})\b"), _digits_behind),
    (re.compile(r"(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b"), _phone),
    (re.compile(r"(?<![\d-])(?<!\d )\d{3}[ -]\d{4}\b(?! \d)"), _phone),
    (
        re.compile(
            r"\b((?:extension|(?:pass)?code|pin|otp|zip|flight(?: [A-Z]{2})?)(?: is|:)?) "
            r"(\d{5}-\d{4}|\d{3}[ -]\d{3}|\d{2,8})\b(?!-)",
            re.I,
        ),
        _code,
    ),
    (
        re.compile(r"\bext\b\.? ?(\d+)\b|(?<=[a-z] )x(\d{2,6})\b"),
        lambda match: f"extension {digit_by_digit(match[1] or match[2])}",
    ),
    (
        re.compile(rf"\b({any_of(DIGITS)}) x(\d)\b"),
        lambda match: f"{match[1]} extension {digit_by_digit(match[2])}",
    ),
    (re.compile(r"^No\. ?(?=\d)"), "Number "),
    (re.compile(r"(?:\b[Nn]o\. ?|#)(?=\d)"), "number "),
    (re.compile(r"\b911\b"), "nine one one"),
    (re.compile(r"(?<=\bone one or )[2-8]11\b"), _phone),
]
