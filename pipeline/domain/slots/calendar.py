"""Times, dates, durations and years as people write them."""

from collections.abc import Iterable

from pipeline.domain.slots.groups import listed
from pipeline.domain.slots.numbers import ordinal
from pipeline.domain.slots.vocabulary import Group

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


def times(locale: str) -> list[Group]:
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
        listed(5, (f"{hour} {half}" for hour in range(1, 13) for half in _MERIDIEMS)),
        listed(5, at_minutes(round_minutes)),
        listed(2, at_minutes(fives)),
        listed(1, at_minutes(others)),
        listed(1, (f"{hour} o'clock" for hour in range(1, 13))),
        listed(1, (f"{hour}:{minute}" for hour in range(1, 13) for minute in (15, 30, 45))),
        listed(1, (f"{hour}:{minute:02d}" for hour in range(13, 24) for minute in (0, 15, 30, 45))),
    ]


def dates(locale: str) -> list[Group]:
    days = [(month, day) for month, length in _MONTHS for day in range(1, length + 1)]
    years = range(2024, 2032)
    if locale == "en_GB":
        return [
            listed(4, (f"{day} {month}" for month, day in days)),
            listed(4, (f"the {ordinal(day)} of {month}" for month, day in days)),
            listed(1, (f"{day} {month} {year}" for month, day in days for year in years)),
        ]
    return [
        listed(4, (f"{month} {day}" for month, day in days)),
        listed(4, (f"{month} {ordinal(day)}" for month, day in days)),
        listed(2, (f"the {ordinal(day)} of {month}" for month, day in days)),
        listed(1, (f"{month} {day}, {year}" for month, day in days for year in years)),
        listed(1, (f"{month[:3]} {day}" for month, day in days if month != "May")),
    ]


def durations(locale: str) -> list[Group]:
    usual = (*range(2, 16), 20, 25, 30, 40, 45, 50)
    seconds = (10, 15, 20, 30, 40, 45, 50, 75, 90)
    halves = ("half an hour", "a quarter of an hour", "an hour and a half", "one minute")
    return [
        listed(8, (f"{minutes} minutes" for minutes in usual)),
        listed(2, (f"{minutes} minutes" for minutes in range(2, 121) if minutes not in usual)),
        listed(2, ("1 hour", *(f"{hours} hours" for hours in range(2, 13)))),
        listed(2, (f"{count} seconds" for count in seconds)),
        listed(1, halves),
        listed(1, (f"{minutes} min" for minutes in range(5, 60, 5))),
        listed(
            2,
            (
                f"{hours} hour{'s' if hours > 1 else ''} and {minutes} minutes"
                for hours in range(1, 6)
                for minutes in range(5, 60, 5)
            ),
        ),
        listed(
            1,
            (
                f"{minutes} minute{'s' if minutes > 1 else ''} and {count} seconds"
                for minutes in range(1, 20)
                for count in (15, 30, 45)
            ),
        ),
    ]


def years(locale: str) -> list[Group]:
    return [
        listed(3, (str(year) for year in range(1900, 2026))),
        listed(1, (str(year) for year in range(1100, 1900))),
    ]
