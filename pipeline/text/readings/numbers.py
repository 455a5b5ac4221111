"""Numbers with signs: sums, scores, powers, versions, groups of thousands, spans, ordinals."""

import re

from pipeline.text.readings.cardinals import cardinal, decimal, digit_by_digit, ordinal, year
from pipeline.text.readings.rules import Rule

_POWER = "(?:to the power|squared|cubed)"
_BEHIND_TIMES = r"(?:[a-z]+er|more|less|as|the|daily|weekly|monthly|yearly|per)\b"
_BEHIND_TIMES += r"|(?:an?|every|each|this|in an?) (?:minute|hour|day|night|week|month|year)\b"
_ORDINAL = r"(\d{1,15})(?:st|nd|rd|th)"
# A resolution, a distance or a resistance: `a 2.5K monitor`.
_NAMED_BY_K = "camera|display|footage|monitor|race|resistors?|resolution|run|screen|TV|video"
_SCALES = {"k": "thousand", "m": "million", "b": "billion"}


def _version(match: re.Match[str]) -> str:
    return " point ".join(cardinal(int(part)) for part in match[0].split("."))


def _address(match: re.Match[str]) -> str:
    return " dot ".join(digit_by_digit(part) for part in match[0].split("."))


def _scientific(match: re.Match[str]) -> str:
    minus = "minus " if match[2] == "-" else ""
    return f"{decimal(match[1])} times ten to the power of {minus}{cardinal(int(match[3]))}"


def _pressure(match: re.Match[str]) -> str:
    """`120/80` as "one twenty over eighty"; a fraction where it cannot be one."""
    high, low = int(match[1]), int(match[2])
    if not (high > low and 70 <= high <= 260 and 40 <= low <= 160):
        return match[0]
    hundreds, rest = divmod(high, 100)
    tail = f"oh {cardinal(rest)}" if rest < 10 else cardinal(rest)
    spoken = f"{cardinal(hundreds)} {tail}" if hundreds and rest else cardinal(high)
    return f"{spoken} over {cardinal(low)}"


def _of_ten(match: re.Match[str]) -> str:
    return f"{decimal(match[1])} out of {decimal(match[2])}"


def _road(match: re.Match[str]) -> str:
    """`I-405` as "I four oh five", `Highway 128` as "Highway one twenty eight"."""
    number = int(match[2])
    return f"{match[1]} {cardinal(number) if number < 100 else year(number)}"


def _shares(match: re.Match[str]) -> str:
    """`60/40` as "sixty forty": two shares of a whole."""
    first, second = int(match[1]), int(match[2])
    return f"{cardinal(first)} {cardinal(second)}" if first + second == 100 else match[0]


def _plural(match: re.Match[str]) -> str:
    """`4s` as "fours", `6s` as "sixes"."""
    word = cardinal(int(match[1]))
    return word[:-1] + "ies" if word[-1] == "y" else word + ("es" if word[-1] == "x" else "s")


def _both_ordinals(between: str) -> "Rule":
    return (
        re.compile(rf"\b{_ORDINAL} ?{'/' if between == 'or' else '-'} ?{_ORDINAL}\b"),
        lambda match: f"{ordinal(int(match[1]))} {between} {ordinal(int(match[2]))}",
    )


# These change a text only where it holds a digit, and are left out where it holds none.
NUMBERS: list[Rule] = [
    (re.compile(r"(?<=\d[kKMB])-(?=\d[\d.]*[kKMB]\b)"), " to "),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"), _address),
    (re.compile(r"\b(?:v\.?|[Vv]er\.? ?)(?=\d+(?:\.\d+)*\b)"), "version "),
    (re.compile(r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w/]|\.\d)"), _version),
    (re.compile(r"(?<![\w.])(\d{1,15}(?:\.\d+)?)[eE]([+-]?)(\d{1,3})\b"), _scientific),
    (
        re.compile(r"(?<![\d.,+-])(?<![\d] )[1-9]\d{0,2}(?: \d{3})* (?:000|\d{3} \d{3})\b(?! ?\d)"),
        lambda match: match[0].replace(" ", ","),
    ),
    (
        re.compile(r"(?<![\w.])(\d{1,15}(?:\.\d+)?)([kKmMB]) (?=[a-z]+s\b|people\b)(?!miles|x\b)"),
        lambda match: f"{decimal(match[1])} {_SCALES[match[2].lower()]} ",
    ),
    (
        re.compile(rf"(?<![\w.$€£])(\d{{1,15}}\.\d+)([kKMB])\b(?! ?(?:{_NAMED_BY_K})\b)"),
        lambda match: f"{decimal(match[1])} {_SCALES[match[2].lower()]}",
    ),
    (
        re.compile(r"(?<![\w.$€£])(\d{1,15}\.\d+)([kKMB])\b"),
        lambda match: f"{decimal(match[1])} {match[2].upper()}",
    ),
    (re.compile(r"\b24/7\b"), "twenty four seven"),
    (re.compile(r"\b50-50\b"), "fifty fifty"),
    (re.compile(r"\b(7\d7)-(?=\d{1,3}\b)"), r"\1 "),
    (re.compile(r"(?<=\d)-(?=[A-Z](?:\d|\b))"), " "),
    (re.compile(r"(?<![^\s(\"])(\d{1,4})a(?![\w.'/@-]\w|\w)"), r"\1A"),
    (re.compile(r"(?<![^\s(\"])a(?=\d\w*(?![\w.@/-]\w|\w))"), "A"),
    (re.compile(r"(?<=\d)!(?= ?=)"), " factorial"),
    (re.compile(r"(?<![\d/.])(\d\d)/(\d\d)\b(?![/\d])(?! of\b)"), _shares),
    (re.compile(r"\b20/20\b"), "twenty twenty"),
    (
        re.compile(r"(?<![\d/.])(\d{1,3}\.\d{1,2})/(\d{1,3}(?:\.00?)?)\b(?![./-]?\d|-)(?! of\b)"),
        _of_ten,
    ),
    (re.compile(r"(?<![\d/.])(10|\d(?:\.\d)?)/(10)\b(?![/\d])(?! of\b)"), _of_ten),
    (re.compile(r"(?<![\d/.])([0-5](?:\.\d)?)/(5)\b(?= stars?\b)"), _of_ten),
    (re.compile(r"(?<![\d/.])(100|[1-9]\d)/(100)\b(?![/\d])(?! of\b)"), _of_ten),
    (re.compile(r"(?<![\d/.])(20|1\d)/(20)\b(?![/\d])(?! of\b)"), _of_ten),
    (
        re.compile(
            r"\b(Highway|Interstate|Route|Hwy|Rte|I|US|SR|Room(?: number)?|Rm)[ -](\d{1,3})\b"
            r"(?![/-]|[.,]\d)"
        ),
        _road,
    ),
    (re.compile(r"(?<=\d) (AD|CE|BCE)\b"), lambda match: " " + " ".join(match[1])),
    (re.compile(r"(?<![\d/.])(\d{2,3})/(\d{2,3})\b(?![/\d])(?! of\b)"), _pressure),
    _both_ordinals("or"),
    _both_ordinals("to"),
    (re.compile(rf"\b{_ORDINAL}-(?=[A-Za-z])"), lambda match: f"{ordinal(int(match[1]))}-"),
    (re.compile(r"\b(\d\d?):(\d)\b"), r"\1 to \2"),
    (re.compile(r"(?<=\d)\^2(?!\d)"), " squared"),
    (re.compile(r"(?<=\d)\^3(?!\d)"), " cubed"),
    (re.compile(r"(?<=[\w)\]])\^-(?=\d)"), " to the power of minus "),
    (re.compile(r"(?<=\d)\^(?=\d)|(?<=[A-Za-z)\]])\^(?![23]\b)(?=\d)"), " to the power of "),
    (
        re.compile(rf"(?<![\w.'])(?<!\bis )(?<!'s )(\d+)x(?=\d+s?\b)(?!\d+ ?=|\d+ {_POWER})"),
        r"\1 by ",
    ),
    (
        re.compile(
            rf"(?<![\d.] )\b(\d+) x (\d+)(?= (?!is\b|equals|plus|minus|times|{_POWER})[a-z])"
        ),
        r"\1 by \2",
    ),
    (re.compile(r"(?<=\d by )(\d\d?)s\b"), _plural),
    (re.compile(r"(?<=\d) ?[x*] ?(?=\d)"), " times "),
    (re.compile(r"\b(\d{1,2})(\d\d)p\b"), r"\1 \2 P"),
    (re.compile(rf"\b(\d+(?:\.\d+)?)x (?={_BEHIND_TIMES})"), r"\1 times "),
    (re.compile(r"\b(\d+)x/(?=[a-z]+\b)"), r"\1 times per "),
    (re.compile(r"(?<![\d/.-])(\d+) ?- ?(?=\d+ ?=)"), r"\1 minus "),
    (re.compile(r"(?<![\d/])(\d+)/(?=\d+ ?=)"), r"\1 divided by "),
    (re.compile(r"(?<=\d) - (?=\d)"), " minus "),
    (re.compile(r"(?<=\d) ?= ?(?=-?\d)"), " equals "),
    (re.compile(r"(?<=\d) ?\+ ?(?=\d)"), " plus "),
    (re.compile(r"(?<=\d)\+(?!\w)"), " plus"),
    (re.compile(r"\b(?<=[Ww]hat's )(\d{1,3})-(?=\d{1,3}\b)"), r"\1 minus "),
    (re.compile(r"(?<![\d.,-])(\d{1,3}) ?- ?(\d{1,3})(?=%| [a-z]|[.,;:?!]*(?:\s|$))"), r"\1 to \2"),
]
