"""Corrections of NeMo's readings: our rules, applied before and after it.

`before` rewrites written forms that NeMo reads wrongly ("555-0123" as a sum of money would
be read); `after` finishes the spoken text (letters said one by one, capitals, the last full
stop). The rules stand by kind in `pipeline/text/readings/`; a rule's test is a pair of strings
in `tests/pipeline/normalization_pairs/`.
"""

import re

from models.phonology.characters import plain
from pipeline.text.readings.abbreviations import STREETS_AND_STATES, WITH_STOPS
from pipeline.text.readings.cardinals import digit_by_digit
from pipeline.text.readings.dates import DATES, DAYS, SHORT_MONTHS
from pipeline.text.readings.letters import SPELLED_FORMS, formulas, letters_apart
from pipeline.text.readings.money import money
from pipeline.text.readings.numbers import NUMBERS
from pipeline.text.readings.phones import PHONES
from pipeline.text.readings.quotes import inch_marks, without_quotes
from pipeline.text.readings.roman_numerals import ROMAN_NUMERALS
from pipeline.text.readings.rules import Rule, any_of, apply
from pipeline.text.readings.symbols import symbols
from pipeline.text.readings.units import BARE_UNITS, units

_MONTHS = "january february march april may june july august september october november december"
_TENS = "twenty|thirty|forty|fifty"
_ORDINALS = "first|second|third|(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf|[a-z]+teen"
_ORDINALS += "|twentie|thirtie)th"
_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
_HOURS += "|sixteen|seventeen|eighteen|nineteen|twenty"

_NAMED_NUMBERS: list[Rule] = [
    (re.compile(r"\b(Boeing) (7\d7)\b"), lambda match: f"{match[1]} {digit_by_digit(match[2])}"),
    (re.compile(r"(?<=\d)(?=[?!])"), " "),  # NeMo takes `97.6?` for an address on the web
]
_MAIL: list[Rule] = [
    (re.compile(r"\b[a-z](?=\.[\w.]*@)"), lambda match: match[0].upper()),
    (re.compile(rf"\b({any_of(SHORT_MONTHS)})\.(?= ?- ?[A-Z])"), r"\1"),
    (re.compile(r"\b[Aa]/[Bb](?= )"), "A B"),
    (re.compile(r"(?<![\w.])\.NET\b"), "dot net"),
    (SPELLED_FORMS, lambda match: match[0].replace("-", " ")),
]
_AFTER: list[Rule] = [
    (re.compile(r"\b(doctor|mister)(?= [A-Z])"), lambda match: match[1].capitalize()),
    (re.compile(rf"\b({_HOURS}|{_TENS}) o (?=[a-z])"), r"\1 oh "),
    (re.compile(r"\bmisses(?= [A-Z])"), "Missus"),
    (re.compile(rf"\bmay (?=(?:twenty |thirty )?(?:{_ORDINALS})\b)"), "May "),
    (re.compile(r"(?<= [AP]M )ET\b"), "E T"),
    (re.compile(r"\bwifi\b"), "Wi-Fi"),
    (re.compile(r"(?<=\w) quote s\b"), "'s"),  # `example.com's`
    (re.compile(r" +([.,;:!?])"), r"\1"),
    (re.compile(r"\.(?=[?!])"), ""),
    (re.compile(r"  +"), " "),
]
_DIGIT = re.compile(r"\d")
_STOP = re.compile(r"[A-Za-z]\.")
# `A380` and `A seat` where a sentence begins: the article could be either.
_FIRST_A = re.compile(r"(?:^|(?<=[.?!:] ))A(?: |(?=\d))")
_MONTH = re.compile(r"\b(" + "|".join(_MONTHS.split()) + r")\b")


def before(text: str) -> str:
    """Written text with plain typography, Latin letters unaccented, and our readings put in."""
    text = without_quotes(inch_marks(plain(text)))
    has_digits = bool(_DIGIT.search(text))
    if has_digits:
        text = units(apply(PHONES, apply(DATES, money(text))))
    text = formulas(text)
    if has_digits:
        text = apply(NUMBERS, text)
    text = symbols(apply(BARE_UNITS, apply(_MAIL, text)))
    text = apply(ROMAN_NUMERALS, text)
    if _STOP.search(text):
        text = apply(WITH_STOPS, text)
    text = apply(DAYS, apply(STREETS_AND_STATES, text))
    if has_digits:
        text = apply(_NAMED_NUMBERS, text)
    return " ".join(text.split())


def after(spoken: str, written: str) -> str:
    """The spoken text, finished: months and titles in capitals, letters apart, last mark kept."""
    spoken = apply(_AFTER, spoken)
    spoken = _MONTH.sub(lambda match: _as_written(match[1], written), spoken)
    spoken = _with_letter_a(letters_apart(spoken), written)
    last = written.rstrip("\"') ")[-1:]
    if last in (".", "?", "!") and spoken.rstrip("\"') ")[-1:] not in (".", "?", "!"):
        spoken += last
    return spoken[:1].upper() + spoken[1:] if written[:1].isupper() else spoken


def _as_written(month: str, written: str) -> str:
    """NeMo writes months small; they were small in the text only if it holds them so."""
    return month if re.search(rf"\b{month}\b", written) else month.capitalize()


def _with_letter_a(spoken: str, written: str) -> str:
    """`A380 landed` as "A-three hundred eighty landed": its letter is no article."""
    glued = [match[0] == "A" for match in _FIRST_A.finditer(written)]
    if not any(glued):
        return spoken
    are_letters = iter(glued)
    return _FIRST_A.sub(lambda match: "A-" if next(are_letters, False) else match[0], spoken)
