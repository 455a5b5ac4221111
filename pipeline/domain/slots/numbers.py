"""Numbers, ordinals, shares and sums of money as people write them."""

from pipeline.domain.slots.groups import listed
from pipeline.domain.slots.vocabulary import Group


def ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if 10 <= number % 100 <= 20 else endings.get(number % 10, "th")
    return f"{number}{ending}"


def numbers(locale: str) -> list[Group]:
    return [
        listed(5, (str(number) for number in range(2, 21))),
        listed(4, (str(number) for number in range(21, 100))),
        listed(3, (str(number) for number in range(100, 1000))),
        listed(1, (f"{number:,}" for number in range(1000, 10000))),
        listed(1, (f"{number / 10:.1f}" for number in range(11, 1000) if number % 10)),
    ]


def small_numbers(locale: str) -> list[Group]:
    return [listed(1, (str(number) for number in range(2, 13)))]


def ordinals(locale: str) -> list[Group]:
    return [listed(1, (ordinal(number) for number in range(1, 32)))]


def percents(locale: str) -> list[Group]:
    return [
        listed(4, (f"{share}%" for share in range(5, 101, 5))),
        listed(1, (f"{share}%" for share in range(1, 100) if share % 5)),
        listed(3, (f"{share} percent" for share in range(5, 101, 5))),
    ]


def money(locale: str) -> list[Group]:
    sign = "£" if locale == "en_GB" else "$"
    odd = [pounds for pounds in range(21, 1000) if pounds > 100 or pounds % 5]
    return [
        listed(4, (f"{sign}{whole}" for whole in (*range(2, 21), *range(25, 101, 5)))),
        listed(2, (f"{sign}{whole}" for whole in odd)),
        listed(2, (f"{sign}{whole}.{part}" for whole in range(2, 100) for part in (25, 50, 95))),
        listed(1, (f"{sign}{whole:,}" for whole in range(1000, 10000, 50))),
    ]


def whole_numbers(low: int, high: int) -> Group:
    """The whole numbers from `low` to `high`, both included."""
    return Group(1.0, high - low + 1, lambda index: str(low + index))
