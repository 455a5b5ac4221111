"""Slots that no list can hold: times, dates, durations, numbers, as people write them.

Each is a `Vocabulary` of distinct written forms, so sentences can be counted and drawn from
them as from a lexicon. The weights follow use: round times and small numbers come up more.
"""

import functools
from collections.abc import Callable, Iterable

from pipeline.lexicons import Group, Vocabulary

_MONTHS = (
    ("January", 31),
    ("February", 28),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
)
_MERIDIEMS = ("am", "pm", "AM", "PM", "a.m.", "p.m.")
_AREA_CODES = (202, 206, 212, 213, 215, 303, 305, 312, 404, 415, 503, 512, 602, 617, 702, 808)


def _group(weight: float, values: Iterable[str]) -> Group:
    listed = tuple(dict.fromkeys(values))
    return Group(weight, len(listed), listed.__getitem__)


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if 10 <= number % 100 <= 20 else endings.get(number % 10, "th")
    return f"{number}{ending}"


def _times() -> list[Group]:
    def at_minutes(minutes: Iterable[int]) -> list[str]:
        return [
            f"{hour}:{minute:02d} {half}"
            for hour in range(1, 13)
            for minute in minutes
            for half in _MERIDIEMS
        ]

    round_minutes = (0, 15, 30, 45)
    fives = [minute for minute in range(0, 60, 5) if minute not in round_minutes]
    others = [minute for minute in range(60) if minute % 5]
    return [
        _group(5, (f"{hour} {half}" for hour in range(1, 13) for half in _MERIDIEMS)),
        _group(5, at_minutes(round_minutes)),
        _group(2, at_minutes(fives)),
        _group(1, at_minutes(others)),
        _group(1, (f"{hour} o'clock" for hour in range(1, 13))),
        _group(1, (f"{hour}:{minute}" for hour in range(1, 13) for minute in (15, 30, 45))),
        _group(1, (f"{hour}:{minute:02d}" for hour in range(13, 24) for minute in (0, 15, 30, 45))),
    ]


def _dates() -> list[Group]:
    days = [(month, day) for month, length in _MONTHS for day in range(1, length + 1)]
    years = range(2024, 2032)
    return [
        _group(4, (f"{month} {day}" for month, day in days)),
        _group(4, (f"{month} {_ordinal(day)}" for month, day in days)),
        _group(2, (f"the {_ordinal(day)} of {month}" for month, day in days)),
        _group(1, (f"{month} {day}, {year}" for month, day in days for year in years)),
        _group(1, (f"{month[:3]} {day}" for month, day in days if month != "May")),
    ]


def _durations() -> list[Group]:
    usual = (*range(2, 16), 20, 25, 30, 40, 45, 50)
    seconds = (10, 15, 20, 30, 40, 45, 50, 75, 90)
    halves = ("half an hour", "a quarter of an hour", "an hour and a half", "one minute")
    return [
        _group(8, (f"{minutes} minutes" for minutes in usual)),
        _group(2, (f"{minutes} minutes" for minutes in range(2, 121) if minutes not in usual)),
        _group(2, ("1 hour", *(f"{hours} hours" for hours in range(2, 13)))),
        _group(2, (f"{count} seconds" for count in seconds)),
        _group(1, halves),
        _group(1, (f"{minutes} min" for minutes in range(5, 60, 5))),
        _group(
            2,
            (
                f"{hours} hour{'s' if hours > 1 else ''} and {minutes} minutes"
                for hours in range(1, 6)
                for minutes in range(5, 60, 5)
            ),
        ),
        _group(
            1,
            (
                f"{minutes} minute{'s' if minutes > 1 else ''} and {count} seconds"
                for minutes in range(1, 20)
                for count in (15, 30, 45)
            ),
        ),
    ]


def _numbers() -> list[Group]:
    return [
        _group(5, (str(number) for number in range(2, 21))),
        _group(4, (str(number) for number in range(21, 100))),
        _group(3, (str(number) for number in range(100, 1000))),
        _group(1, (f"{number:,}" for number in range(1000, 10000))),
        _group(1, (f"{number / 10:.1f}" for number in range(11, 1000) if number % 10)),
    ]


def _small_numbers() -> list[Group]:
    return [_group(1, (str(number) for number in range(2, 13)))]


def _extensions() -> list[Group]:
    return [_group(1, (str(number) for number in range(100, 1000)))]


def _amounts_of(units: Iterable[str], whole: Iterable[int]) -> list[Group]:
    counted, named = tuple(whole), tuple(units)
    halves = [amount + fraction for amount in range(1, 10) for fraction in (0.25, 0.5, 0.75)]
    return [
        _group(4, (f"{amount} {unit}" for amount in counted for unit in named)),
        _group(2, (f"{amount:g} {unit}" for amount in halves for unit in named)),
        _group(1, (f"{count} 1/2 {unit}" for count in range(2, 10) for unit in named)),
    ]


def _weights() -> list[Group]:
    units = ("pounds", "lbs", "ounces", "oz")
    return _amounts_of(units, (*range(2, 21), 25, 50, 75, 100, 150, 200, 250, 500))


def _distances() -> list[Group]:
    units = ("km", "kilometers", "meters", "centimeters", "cm")
    return _amounts_of(units, (*range(2, 21), 25, 30, 40, 50, 60, 100, 120, 200, 500))


def _volumes() -> list[Group]:
    units = ("gallons", "cups", "pints", "quarts", "tablespoons", "teaspoons")
    return _amounts_of(units, (*range(2, 17), 20, 50, 100, 250, 500))


def _phone_numbers() -> list[Group]:
    """555-0100 to 555-0199: the range set aside for fiction, so nobody is ever called."""
    lines = [f"555-{number:04d}" for number in range(100, 200)]
    return [
        _group(2, lines),
        _group(2, (f"({area}) {line}" for area in _AREA_CODES for line in lines)),
        _group(1, (f"{area}-{line}" for area in _AREA_CODES for line in lines)),
    ]


def _temperatures() -> list[Group]:
    return [
        _group(4, (f"{degrees} degrees" for degrees in range(55, 86))),
        _group(2, (f"{degrees}°F" for degrees in range(55, 86))),
        _group(2, (f"{degrees}°C" for degrees in range(12, 30))),
        _group(1, (f"{degrees}°" for degrees in range(55, 86))),
        _group(1, (f"{half / 2:.1f} degrees" for half in range(31, 55, 2))),
        _group(1, (f"{degrees} degrees Celsius" for degrees in range(12, 30))),
    ]


def _percents() -> list[Group]:
    return [
        _group(4, (f"{share}%" for share in range(5, 101, 5))),
        _group(1, (f"{share}%" for share in range(1, 100) if share % 5)),
        _group(3, (f"{share} percent" for share in range(5, 101, 5))),
    ]


def _money() -> list[Group]:
    return [
        _group(4, (f"${dollars}" for dollars in (*range(2, 21), *range(25, 101, 5)))),
        _group(2, (f"${dollars}" for dollars in range(21, 1000) if dollars > 100 or dollars % 5)),
        _group(2, (f"${dollars}.{cents}" for dollars in range(2, 100) for cents in (25, 50, 95))),
        _group(1, (f"${dollars:,}" for dollars in range(1000, 10000, 50))),
    ]


def _years() -> list[Group]:
    return [
        _group(3, (str(year) for year in range(1900, 2026))),
        _group(1, (str(year) for year in range(1100, 1900))),
    ]


def _ordinals() -> list[Group]:
    return [_group(1, (_ordinal(number) for number in range(1, 32)))]


_FORMS: dict[str, Callable[[], list[Group]]] = {
    "time": _times,
    "date": _dates,
    "duration": _durations,
    "number": _numbers,
    "small_number": _small_numbers,
    "ordinal": _ordinals,
    "percent": _percents,
    "money": _money,
    "temperature": _temperatures,
    "weight": _weights,
    "distance": _distances,
    "volume": _volumes,
    "phone_number": _phone_numbers,
    "extension": _extensions,
    "year": _years,
}
WRITTEN_FORMS = tuple(_FORMS)


@functools.cache
def written_form(name: str) -> Vocabulary:
    """The vocabulary of a built-in slot; `name` is one of `WRITTEN_FORMS`."""
    return Vocabulary(name, _FORMS[name]())
