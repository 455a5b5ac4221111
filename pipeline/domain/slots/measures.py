"""Weights, distances, volumes and temperatures as people write them."""

from collections.abc import Iterable

from pipeline.domain.slots.groups import listed
from pipeline.domain.slots.vocabulary import Group


def _amounts_of(units: Iterable[str], whole: Iterable[int]) -> list[Group]:
    counted, named = tuple(whole), tuple(units)
    halves = [amount + fraction for amount in range(1, 10) for fraction in (0.25, 0.5, 0.75)]
    return [
        listed(4, (f"{amount} {unit}" for amount in counted for unit in named)),
        listed(2, (f"{amount:g} {unit}" for amount in halves for unit in named)),
        listed(1, (f"{count} 1/2 {unit}" for count in range(2, 10) for unit in named)),
    ]


def weights(locale: str) -> list[Group]:
    imperial, metric = ("pounds", "lbs", "ounces", "oz"), ("kilograms", "kg", "grams", "pounds")
    units = metric if locale == "en_GB" else imperial
    return _amounts_of(units, (*range(2, 21), 25, 50, 75, 100, 150, 200, 250, 500))


def distances(locale: str) -> list[Group]:
    units = ("km", "kilometers", "meters", "centimeters", "cm")
    return _amounts_of(units, (*range(2, 21), 25, 30, 40, 50, 60, 100, 120, 200, 500))


def volumes(locale: str) -> list[Group]:
    units = ("gallons", "cups", "pints", "quarts", "tablespoons", "teaspoons")
    return _amounts_of(units, (*range(2, 17), 20, 50, 100, 250, 500))


def temperatures(locale: str) -> list[Group]:
    if locale == "en_GB":
        return [
            listed(4, (f"{degrees} degrees" for degrees in range(12, 31))),
            listed(2, (f"{degrees}°C" for degrees in range(12, 31))),
            listed(1, (f"{half / 2:.1f} degrees" for half in range(31, 55, 2))),
            listed(1, (f"{degrees} degrees Celsius" for degrees in range(12, 31))),
        ]
    return [
        listed(4, (f"{degrees} degrees" for degrees in range(55, 86))),
        listed(2, (f"{degrees}°F" for degrees in range(55, 86))),
        listed(2, (f"{degrees}°C" for degrees in range(12, 30))),
        listed(1, (f"{degrees}°" for degrees in range(55, 86))),
        listed(1, (f"{half / 2:.1f} degrees" for half in range(31, 55, 2))),
        listed(1, (f"{degrees} degrees Celsius" for degrees in range(12, 30))),
    ]
