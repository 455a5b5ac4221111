"""Dates, spans of dates, and durations. NeMo reads `March 3, 2027` and `2026-04-01` itself."""

import re

from pipeline.text.readings.cardinals import DIGITS, cardinal, digit_by_digit, ordinal, year
from pipeline.text.readings.rules import Rule, any_of

_NAMES = "January February March April May June July August September October November December"
_MONTHS = _NAMES.split()
SHORT_MONTHS = {name[:3]: name for name in _MONTHS} | {"Sept": "September"}
_NAMED = [*_MONTHS, *SHORT_MONTHS]
_MONTH = rf"((?:{any_of(_MONTHS)}|{any_of(SHORT_MONTHS)}\.?))"
WEEKDAYS = {"Mon": "Monday", "Tues": "Tuesday", "Tue": "Tuesday", "Wed": "Wednesday"}
WEEKDAYS |= {"Thurs": "Thursday", "Thur": "Thursday", "Thu": "Thursday", "Fri": "Friday"}
WEEKDAYS |= {"Sat": "Saturday", "Sun": "Sunday"}
_ANY_DAY = any_of([*WEEKDAYS, *WEEKDAYS.values()])
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_BEFORE_DAYS = r"\b([Oo]n|[Bb]y|[Uu]ntil|[Tt]ill|[Bb]efore|[Aa]fter|[Ss]ince|[Dd]ue|[Dd]ated"
_BEFORE_DAYS += "|[Ww]eek of) "
_NO_DENOMINATOR = "13|14|15|17|18|19|21|22|23|25|26|27|28|29|30|31"
_DURATIONS = {"h": "hour", "m": "minute", "s": "second"}


def _month_name(short: str) -> str:
    return next(name for name in _MONTHS if name[:3].lower() == short[:3].lower())


def _days(match: re.Match[str]) -> str:
    """`March 5-7` as "March fifth to seventh"."""
    first, last = ordinal(int(match[2])), ordinal(int(match[3]))
    return f"{_month_name(match[1])} {first} to {last}"


def _days_of_months(match: re.Match[str]) -> str:
    first = f"{_month_name(match[1])} {ordinal(int(match[2]))}"
    return f"{first} to {_month_name(match[3])} {ordinal(int(match[4]))}"


def _day_month_year(match: re.Match[str]) -> str:
    return f"{_month_name(match[2])} {ordinal(int(match[1]))} {year(int(match[3]))}"


def _clock(hours: int, minutes: int) -> str:
    tail = "hundred" if not minutes else cardinal(minutes)
    return f"{cardinal(hours)} {f'oh {DIGITS[minutes]}' if 0 < minutes < 10 else tail}"


def _date_and_time(match: re.Match[str]) -> str:
    """`2024-03-05T14:30:00Z`, ISO 8601: seconds are said unless they are zero."""
    month, day, hours, minutes, seconds = (int(part or 0) for part in match.group(2, 3, 4, 5, 6))
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return match[0]
    date = f"{_MONTHS[month - 1]} {ordinal(day)} {year(int(match[1]))}"
    tail = f" and {cardinal(seconds)} seconds" if seconds else ""
    return f"{date} at {_clock(hours, minutes)}{tail}{_zone(match[7])}"


def _zone(written: str | None) -> str:
    """`Z` as "U T C", `-05:30` as "U T C minus five thirty"."""
    if not written or not written.strip("Z+0:"):
        return " U T C" if written else ""
    hours, minutes = int(written[1:3]), int(written[-2:])
    sign = "plus" if written[0] == "+" else "minus"
    return f" U T C {sign} {cardinal(hours)}{f' {cardinal(minutes)}' if minutes else ''}"


def _offset(match: re.Match[str]) -> str:
    """`UTC-8` as "U T C minus eight", `GMT+5:30` as "G M T plus five thirty"."""
    minutes = "" if match[4] in (None, "00") else f" {cardinal(int(match[4]))}"
    sign = "plus" if match[2] == "+" else "minus"
    return f"{' '.join(match[1])} {sign} {cardinal(int(match[3]))}{minutes}"


def _days_before_month(match: re.Match[str]) -> str:
    first, last = ordinal(int(match[1])), ordinal(int(match[2]))
    the = "" if match.string[: match.start()].endswith("the ") else "the "
    return f"{the}{first} to {last} of {_month_name(match[3])}"


def _short_year(match: re.Match[str]) -> str:
    """`3/5/24` with its century, so that it is a date."""
    return f"{match[1]}/{match[2]}/{'20' if int(match[3]) < 50 else '19'}{match[3]}"


def _decade(match: re.Match[str]) -> str:
    """`2020s` as "twenty twenties"."""
    tens = "tens" if match[1] == "1" else cardinal(10 * int(match[1])).removesuffix("y") + "ies"
    return f"twenty {tens}"


def _month_and_day(match: re.Match[str]) -> str:
    before = f"{match[1]} " if match[1] else ""
    return f"{before}{_MONTHS[int(match[2]) - 1]} {ordinal(int(match[3]))}"


def _weekdays(match: re.Match[str]) -> str:
    return f"{WEEKDAYS[match[1]]} to {WEEKDAYS[match[2]]}"


def _weekday_and_date(match: re.Match[str]) -> str:
    date = f"{_MONTHS[int(match[2]) - 1]} {ordinal(int(match[3]))}"
    return f"{WEEKDAYS.get(match[1], match[1])} {date}"


def _list_of_days(match: re.Match[str]) -> str:
    """`Mon/Wed/Fri` as "Monday Wednesday Friday"."""
    days = match[0].replace("/", " ")
    return re.sub(rf"\b{any_of(WEEKDAYS)}\b", lambda day: WEEKDAYS[day[0]], days)


def _month_and_year(match: re.Match[str]) -> str:
    return f"{_MONTHS[int(match[1]) - 1]} {year(int(match[2]))}"


def _season(match: re.Match[str]) -> str:
    return f"{year(int(match[1]))} {cardinal(int(match[2]))}"


def _to_the_second(match: re.Match[str]) -> str:
    hours, minutes, seconds = (int(part) for part in match.groups())
    return f"{_clock(hours, minutes)} and {cardinal(seconds)} seconds"


def _years(match: re.Match[str]) -> str:
    last = match[2]
    return f"{year(int(match[1]))} to {year(int(last)) if len(last) == 4 else cardinal(int(last))}"


def _duration(match: re.Match[str]) -> str:
    """`1h 20m` as "1 hour 20 minutes"."""
    return re.sub(
        r"(\d+)([hms])",
        lambda part: f"{part[1]} {_DURATIONS[part[2]]}" + "s" * (part[1] != "1"),
        match[0],
    )


def _military(match: re.Match[str]) -> str:
    """`0600 hours` as "oh six hundred hours", `1430 hours` as "fourteen thirty hours"."""
    hours = f"oh {DIGITS[int(match[1])]}" if match[1][0] == "0" else cardinal(int(match[1]))
    return f"{hours} {_minutes(match[2])}"


def _minutes(two_digits: str) -> str:
    if two_digits == "00":
        return "hundred"
    return ("oh " if two_digits[0] == "0" else "") + cardinal(int(two_digits))


def _stopwatch(match: re.Match[str]) -> str:
    """`24:31` as "twenty four thirty one", `1:23.45` as "one twenty three point four five"."""
    if match[2] == "00" and not match[3]:
        return f"{cardinal(int(match[1]))} minutes"
    tail = f" point {digit_by_digit(match[3])}" if match[3] else ""
    return f"{cardinal(int(match[1]))} {_minutes(match[2])}{tail}"


def _expiry(match: re.Match[str]) -> str:
    """`04/28` as "oh four 28"."""
    month = match[2] if match[2][0] != "0" else f"oh {DIGITS[int(match[2])]}"
    return f"{match[1]} {month} {match[3]}"


# These change a text only where it holds a digit, and are left out where it holds none.
DATES: list[Rule] = [
    (
        re.compile(
            r"\b((?:expir\w+|valid (?:until|thru|through))(?: [a-z]+){0,2}) "
            r"(0[1-9]|1[0-2])/(\d\d)\b",
            re.I,
        ),
        _expiry,
    ),
    (
        re.compile(
            r"\b([12]\d{3})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)"
            r"(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?(?![\w:])"
        ),
        _date_and_time,
    ),
    (re.compile(r"\b(UTC|GMT) ?([+-])(\d\d?)(?::?(\d\d))?\b"), _offset),
    (
        re.compile(r"\b(1[5-9]\d\d|20\d\d) ?- ?(?=(?:present|now|today|date)\b)"),
        lambda match: f"{year(int(match[1]))} to ",
    ),
    (re.compile(r"\b([12]\d{3})/(0[1-9]|1[0-2])/([0-3]\d)\b"), r"\1-\2-\3"),
    (
        re.compile(rf"\b({_DAY})-({any_of(_MONTHS)}|{any_of(SHORT_MONTHS)})-(\d{{4}})\b", re.I),
        _day_month_year,
    ),
    (re.compile(rf"\b{_MONTH} ({_DAY}) ?- ?{_MONTH} ({_DAY})\b"), _days_of_months),
    (re.compile(rf"(?<![\d/.-])({_DAY}) ?- ?({_DAY}) {_MONTH}\b(?![-/])"), _days_before_month),
    (re.compile(rf"(?<![\d/])(0?[1-9]|1[0-2])/({_DAY})/(\d\d)\b(?![/\d])"), _short_year),
    (
        re.compile(rf"\b({_ANY_DAY})\.?,? (0?[1-9]|1[0-2])/({_DAY})\b(?![/\d])"),
        _weekday_and_date,
    ),
    (re.compile(r"\bExp\.?:? ?(?=\d)"), "Expires "),
    (re.compile(r"\bexp\.?:? (?=\d)"), "expires "),
    (re.compile(r"(?<![\d/])(0?[1-9]|1[0-2])/((?:19|20)\d\d)\b(?!/)"), _month_and_year),
    (re.compile(r"(?<![\d/])((?:19|20)\d\d)/(\d\d)\b(?![/\d])"), _season),
    (re.compile(r"(?<=\b[Aa]t )(\d\d?):(\d\d):(\d\d)\b"), _to_the_second),
    (re.compile(r"\bAD (?=\d)"), "A D "),
    (re.compile(r"\b(\d\d?(?::\d\d)?)([ap])( ?- ?\d\d?(?::\d\d)?)([ap])\b"), r"\1\2m\3\4m"),
    (re.compile(r"(?<=\b[Aa]t |\b[Bb]y )(\d\d?(?::\d\d)?)([ap])\b"), r"\1 \2m"),
    (re.compile(r"\b20([1-9])0s\b"), _decade),
    (re.compile(r"\bFY ?'?(?=\d\d(?:\d\d)?\b)"), "F Y "),
    (re.compile(rf"\b{_MONTH} ({_DAY}) ?- ?({_DAY})\b(?![\d/:-])"), _days),
    (re.compile(r"\b9/11\b(?!/)"), "nine eleven"),
    (re.compile(rf"{_BEFORE_DAYS}(0?[1-9]|1[0-2])/({_DAY})\b(?![/\d])(?! of\b)"), _month_and_day),
    (
        re.compile(rf"(?<![\d/])()(0?[1-9]|1[0-2])/({_NO_DENOMINATOR})\b(?![/\d])(?! of\b)"),
        _month_and_day,
    ),
    (re.compile(r"(?<![\d-])(1[0-9]\d\d|20\d\d)-((?:1[0-9]|20)?\d\d)\b(?![\d-])"), _years),
    (re.compile(r"(?<!\w)'(?=\d0s\b)"), ""),
    (re.compile(r"(?<=\b[Cc]lass of )0(?=[1-9]\b)"), "oh "),
    (re.compile(r"\b([Mm]id|[Ee]arly|[Ll]ate|[Pp]re|[Pp]ost)-(?=(?:1[5-9]|20)\d\ds?\b)"), r"\1 "),
    (re.compile(r"\b(0\d)([0-5]\d)(?= hours\b)"), _military),
    (re.compile(r"(?<=\b[Aa]t |\b[Bb]y )([01]\d|2[0-3])([0-5]\d)(?= hours\b)"), _military),
    (re.compile(r"(?<![\d:])(?!24:00)(2[4-9]|[3-5]\d):([0-5]\d)()(?![\d:.]\d)\b"), _stopwatch),
    (re.compile(r"(?<![\d:])([1-9]|[1-5]\d):([0-5]\d)\.(\d{1,3})\b"), _stopwatch),
    (re.compile(r"\b(?:c|ca)\. ?(?=\d{3,4}\b)"), "circa "),
    (
        re.compile(r"\b(\d{1,2}(?::\d\d)?) ?- ?(\d{1,2}(?::\d\d)? ?(?:[ap]\.?m\b))", re.I),
        r"\1 to \2",
    ),
    (re.compile(r"(?<=\d)(am|pm) ?- ?(?=\d)", re.I), r" \1 to "),
    (re.compile(r"\b(\d{1,2}:\d\d) ?- ?(?=\d{1,2}:\d\d\b)"), r"\1 to "),
    (re.compile(r"\b\d+h(?: ?\d+m)?(?: ?\d+s)?\b|\b\d+m ?\d+s\b"), _duration),
    (re.compile(r"\b(1[3-9]|2[0-3]):00\b(?! ?[ap]\.?m)", re.I), r"\1 hundred"),
]
DAYS: list[Rule] = [
    (re.compile(r"\bM ?- ?F\b"), "Monday to Friday"),
    (re.compile(rf"\b({any_of(WEEKDAYS)})\.? ?- ?({any_of(WEEKDAYS)})\b\.?(?!$)"), _weekdays),
    (re.compile(rf"\b({any_of(WEEKDAYS)})\.? ?- ?({any_of(WEEKDAYS)})\b"), _weekdays),
    (re.compile(rf"\b{_ANY_DAY}(?:(?:/|, | and | or | ){_ANY_DAY})+\b"), _list_of_days),
    (
        re.compile(rf"\b({any_of(_NAMED)}) ?- ?({any_of(_NAMED)})\b"),
        lambda match: f"{_month_name(match[1])} to {_month_name(match[2])}",
    ),
    (
        re.compile(rf"\b({any_of(WEEKDAYS)})(?:\.|(?=, [A-Z]))(?!$)"),
        lambda match: WEEKDAYS[match[1]],
    ),
    (re.compile(r"\b(Mon|Tues?|Thu(?:rs?)?|Fri)\.$"), lambda match: WEEKDAYS[match[1]] + "."),
]
