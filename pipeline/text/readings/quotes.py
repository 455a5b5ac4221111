"""Quotation marks that are none of a word, and those that mean inches."""

import re

from pipeline.text.readings.cardinals import cardinal

_QUOTED = re.compile(r"(?<![\w.,!?])'(?=\w)([^'\"]*(?:\w'\w[^'\"]*)*)'(?!\w)")
_STRAY = re.compile(r"(?<![\w'])'(?!\d0s)(?![\w'])|(?<=[^\w\s'])'(?!\w)|(?<![\w'])'(?=[A-Za-z])")
_INCHES = re.compile(r"(?<=\d)\"")
_NUMBER_IN_QUOTES = re.compile(r"(?<![\w.:/$,-])\d{1,15}(?=\")")


def without_quotes(text: str) -> str:
    """Single marks that quote, or stand alone, left out; those of words stay (don't, dogs')."""
    if "'" not in text:
        return text
    return _STRAY.sub("", _QUOTED.sub(r"\1", text.replace("''", '"')))


def inch_marks(text: str) -> str:
    """`a 65" TV`: behind a digit, a mark that would open a quotation is one of inches.

    NeMo takes any for inches, so a number that a quotation ends with is put in words here.
    """
    if '"' not in text:
        return text
    text = _INCHES.sub(lambda m: '"' if text.count('"', 0, m.start()) % 2 else " inch ", text)
    return _NUMBER_IN_QUOTES.sub(lambda match: cardinal(int(match[0])), text)
