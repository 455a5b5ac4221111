"""Texts drawn at random: digits, letters, names, times and sums, as written or as spoken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NUMBERS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty",
    "ninety", "hundred", "thousand", "million", "double", "triple", "first", "second", "third",
    "fourth", "fifth", "half", "quarter",
)  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COMMANDS = (
    "Yes.", "No.", "Stop.", "Go.", "Okay.", "Cancel.", "Next.", "Back.", "Help.", "Repeat.",
    "Pause.", "Play.", "Louder.", "Quieter.", "On.", "Off.", "Up.", "Down.", "Left.", "Right.",
    "Hello.", "Goodbye.", "Start.", "Begin.", "Continue.", "Skip.", "Mute.", "Open.", "Close.",
    "More.", "Less.", "Again.", "Wait.", "Now.", "Later.", "Never.", "Maybe.", "Sure.", "Thanks.",
    "Please.", "Finish.", "Confirm.", "Undo.", "Save.", "Delete.", "Yes, please.",
    "No, thank you.", "Go back.", "Turn it up.", "Turn it down.", "Volume up.", "Volume down.",
    "Lights on.", "Lights off.", "Start over.", "Say that again.", "That's right.",
    "That's wrong.", "Go ahead.", "Hold on.", "Never mind.", "Good morning.", "Good night.",
    "Call home.", "Stop the music.", "Next song.", "Set an alarm.", "Take a picture.", "Not now.",
    "Wake up!", "Be quiet!", "Come here!", "What time is it?", "Who's there?", "Really?",
    "Why not?",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sources:
    """Texts to draw from: sentences, a domain's sentences, words by frequency, and names."""

    reading: Sequence[str]
    domain: Sequence[str]
    words: Sequence[str]  # the commonest first
    names: Sequence[str]  # `Anna Lopez`


def _digit(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    for names in ([*_DIGITS, "oh"], _NUMBERS):
        for index in rng.permutation(len(names)):
            yield names[index].capitalize() + "."


def _digits(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    """`Three nine oh two.`, some in groups with pauses between them."""
    while True:
        zero = "oh" if rng.random() < 0.5 else "zero"
        names = [zero, *_DIGITS[1:]]
        digits = [names[digit] for digit in rng.integers(0, 10, size=int(rng.integers(2, 11)))]
        group = int(rng.integers(2, 5)) if rng.random() < 0.4 else len(digits)
        groups = [" ".join(digits[first : first + group]) for first in range(0, len(digits), group)]
        yield ", ".join(groups).capitalize() + "."


def _spelling(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    """Letters alone, names and words letter by letter, and codes of letters and digits."""
    while True:
        sort = rng.random()
        if sort < 0.4:
            yield f"{_LETTERS[rng.integers(26)]}."
        elif sort < 0.75:
            name = str(rng.choice(sources.names or ["Ada"])).split()[0].upper()
            if len(name) <= 8 and name.isalpha():
                yield " ".join(name) + "."
        else:
            marks = [*_LETTERS, *_DIGITS]
            yield " ".join(rng.choice(marks, size=int(rng.integers(2, 7)))) + "."


def _name(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    for index in rng.permutation(len(sources.names)):
        name = sources.names[index]
        yield (name if rng.random() < 0.6 else name.split()[0]) + "."


def _time(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    while True:
        hour, minute = int(rng.integers(1, 13)), int(rng.integers(0, 60))
        day, month = int(rng.integers(1, 29)), str(rng.choice(_MONTHS))
        part = str(rng.choice(["a.m.", "p.m.", "in the morning", "tonight"]))
        yield str(
            rng.choice([
                f"{hour}:{minute:02d}.", f"{hour}:{minute:02d} {part}", f"{hour} o'clock.",
                f"Half past {hour}.", f"Quarter to {hour}.", f"At {minute} past {hour}.",
                f"{month} {day}, {rng.integers(1950, 2035)}.", f"It's {hour}:{minute:02d}.",
                f"On the {_ordinal(day)} of {month}.", f"In {minute + 2} minutes.",
            ])
        )  # fmt: skip


def _sum(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    while True:
        one, two = (int(number) for number in rng.integers(2, 100, size=2))
        cents, large = int(rng.integers(1, 100)), int(rng.integers(100, 20_000))
        yield str(
            rng.choice([
                f"{one} plus {two} is {one + two}.", f"{one} times {two}.", f"${large}.",
                f"${one}.{cents:02d}.", f"{one}.{two % 10} percent.", f"{large}.",
                f"What is {large} minus {two}?", f"{one + two} minus {one} makes {two}.",
                f"That's {one} dollars and {cents} cents.", f"How much is {one} divided by {two}?",
            ])
        )  # fmt: skip


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
    return f"{day}{ending}"


Draw = Callable[[np.random.Generator, Sources], Iterator[str]]
DRAWN: Mapping[str, Draw] = {
    "digit": _digit,
    "digits": _digits,
    "spelling": _spelling,
    "name": _name,
    "time": _time,
    "sum": _sum,
}
