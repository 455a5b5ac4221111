"""Slots that no list can hold: times, money, phone numbers, codes, names, as people write them.

Each is a `Vocabulary` of distinct written forms, so sentences can be counted and drawn from
them as from a lexicon. The weights follow use: round times and small numbers come up more.
The forms themselves stand by topic in `pipeline/forms/`.
"""

import functools
from collections.abc import Callable
from typing import Literal

from pipeline.domain.slots import calendar, codes, measures, numbers, people
from pipeline.domain.slots.people import data_version
from pipeline.domain.slots.vocabulary import Group, Vocabulary

__all__ = ["WRITTEN_FORMS", "Locale", "data_version", "written_form"]

Locale = Literal["en_US", "en_GB"]

_FORMS: dict[str, Callable[[str], list[Group]]] = {
    "time": calendar.times,
    "date": calendar.dates,
    "duration": calendar.durations,
    "number": numbers.numbers,
    "small_number": numbers.small_numbers,
    "ordinal": numbers.ordinals,
    "percent": numbers.percents,
    "money": numbers.money,
    "temperature": measures.temperatures,
    "weight": measures.weights,
    "distance": measures.distances,
    "volume": measures.volumes,
    "phone_number": codes.phone_numbers,
    "extension": codes.extensions,
    "year": calendar.years,
    "letter": codes.letters,
    "letters": codes.letter_strings,
    "digits": codes.digit_strings,
    "code": codes.mixed_codes,
    "pin": codes.pins,
    "card_number": codes.card_numbers,
    "security_code": codes.security_codes,
    "first_name": people.first_names,
    "last_name": people.last_names,
    "full_name": people.full_names,
    "email": people.emails,
    "street_address": people.street_addresses,
    "address": people.addresses,
}
WRITTEN_FORMS = tuple(_FORMS)


@functools.cache
def written_form(name: str, locale: Locale = "en_US") -> Vocabulary:
    """The vocabulary of a built-in slot; `name` is one of `WRITTEN_FORMS`."""
    return Vocabulary(name, _FORMS[name](locale))
