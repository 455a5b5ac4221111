import pytest

from pipeline.domain.slots.codes import luhn_sum
from pipeline.domain.slots.written_forms import WRITTEN_FORMS, Locale, written_form

LISTED_AT_MOST = 20_000


@pytest.mark.parametrize("locale", ["en_US", "en_GB"])
@pytest.mark.parametrize("name", WRITTEN_FORMS)
def test_every_value_is_distinct_and_can_be_drawn(name: str, locale: Locale) -> None:
    values = written_form(name, locale)
    some = [values.draw(step / 997) for step in range(997)]
    assert all(some)
    assert values.draw(0.0) == values[0]
    assert values.draw(1 - 2**-53) == values[len(values) - 1]
    if len(values) <= LISTED_AT_MOST:
        listed = list(values)
        assert len(listed) == len(values) == len(set(listed))
        assert set(some) <= set(listed)


def test_card_numbers_have_the_right_check_digit() -> None:
    cards = written_form("card_number")
    for step in range(100):
        digits = cards.draw(step / 100).replace(" ", "").replace(",", "")
        assert len(digits) == 16
        assert luhn_sum(digits) % 10 == 0
    assert luhn_sum("4242424242424242") == 80


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("time", {"7:30 am", "7 a.m.", "12:05 PM", "6 o'clock", "19:45"}),
        ("date", {"March 3", "March 3rd", "the 22nd of May", "June 14, 2027", "Jan 30"}),
        ("duration", {"10 minutes", "1 hour and 30 minutes", "half an hour", "45 seconds"}),
        ("number", {"2", "97.6", "1,250"}),
        ("phone_number", {"555-0123", "(212) 555-0187", "212-555-0187"}),
        ("temperature", {"72°F", "21°C", "68 degrees"}),
        ("percent", {"40%", "40 percent"}),
        ("weight", {"5 lbs", "2.5 pounds", "2 1/2 ounces"}),
    ],
)
def test_forms_are_written_as_people_write_them(name: str, some: set[str]) -> None:
    assert some <= set(written_form(name))


def test_no_phone_number_is_anybodys() -> None:
    assert all("555-01" in number for number in written_form("phone_number"))
