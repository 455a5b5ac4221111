"""Names, addresses and e-mails, put together from Faker's lists of names.

Only Faker's lists are used, not its dice: a value is an index into a product of lists, so that
it depends on one uniform number, and drawing costs no more than from a lexicon.
"""

import functools
import importlib
from importlib.metadata import version
from typing import Any

from pipeline.domain.slots.groups import product_of
from pipeline.domain.slots.vocabulary import Group

_STREETS_US = ("Street", "Avenue", "Road", "Lane", "Drive", "Court", "Boulevard", "Place", "Way")
_STREETS_GB = ("Street", "Road", "Lane", "Avenue", "Close", "Gardens", "Crescent", "Terrace")
_STREET_NAMES = (
    *("Maple", "Oak", "Cedar", "Elm", "Chestnut", "Park", "Mill", "Church", "Station"),
    *("Highland", "Lake", "River", "Hill", "Orchard", "Meadow", "Victoria", "Green", "Bridge"),
    *("Spring", "Forest", "Garden", "Sunset", "Willow", "School", "Market", "Harbor", "Prospect"),
)
_CITIES_US = (
    *("Springfield, Illinois", "Portland, Oregon", "Denver, Colorado", "Austin, Texas"),
    *("Boise, Idaho", "Madison, Wisconsin", "Albany, New York", "Tulsa, Oklahoma"),
    *("Fresno, California", "Dayton, Ohio", "Tampa, Florida", "Reno, Nevada"),
    *("Richmond, Virginia", "Lincoln, Nebraska", "Salem, Massachusetts", "Macon, Georgia"),
)
_CITIES_GB = (
    *("Leeds", "Bristol", "Norwich", "York", "Exeter", "Leicester", "Glasgow", "Cardiff"),
    *("Sheffield", "Brighton", "Oxford", "Cambridge", "Lincoln", "Durham", "Bath", "Swansea"),
)
# Set aside for examples (RFC 2606): nobody ever gets a letter there.
_MAIL_DOMAINS = ("example.com", "example.org", "example.net")


def data_version() -> str:
    """What these forms' values depend on besides this file."""
    return f"faker {version('faker')}"


@functools.cache
def _names(locale: str) -> Any:
    return importlib.import_module(f"faker.providers.person.{locale}").Provider


def first_name_list(locale: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_names(locale).first_names))


def last_name_list(locale: str) -> tuple[str, ...]:
    """Without `Mccall`, a spelling that only lists have, and names of one letter."""
    names = dict.fromkeys(_names(locale).last_names)
    return tuple(name for name in names if not name.startswith("Mc") and "'" not in name)


def first_names(locale: str) -> list[Group]:
    return [product_of(1, [first_name_list(locale)])]


def last_names(locale: str) -> list[Group]:
    return [product_of(1, [last_name_list(locale)])]


def full_names(locale: str) -> list[Group]:
    return [product_of(1, [first_name_list(locale), (" ",), last_name_list(locale)])]


def emails(locale: str) -> list[Group]:
    """`anna.smith@example.com`, in small letters, as they are typed."""

    def lower(*parts: str) -> str:
        return "".join(parts).lower()

    first, last = first_name_list(locale), last_name_list(locale)
    return [
        product_of(2, [first, (".",), last, ("@",), _MAIL_DOMAINS], lower),
        product_of(1, [first, ("@",), _MAIL_DOMAINS], lower),
        product_of(1, [last, ("@",), _MAIL_DOMAINS], lower),
    ]


def street_addresses(locale: str) -> list[Group]:
    """`42 Maple Street`."""
    numbers = [str(number) for number in range(2, 100)]
    streets = _STREETS_GB if locale == "en_GB" else _STREETS_US
    return [product_of(1, [numbers, (" ",), _STREET_NAMES, (" ",), streets])]


def addresses(locale: str) -> list[Group]:
    """`42 Maple Street, Denver, Colorado`."""
    street = street_addresses(locale)[0]
    towns = _CITIES_GB if locale == "en_GB" else _CITIES_US
    return [
        Group(
            1.0,
            street.size * len(towns),
            lambda index: f"{street.at(index // len(towns))}, {towns[index % len(towns)]}",
        )
    ]
