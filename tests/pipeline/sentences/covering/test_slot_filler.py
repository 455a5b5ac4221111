"""Which of several templates and draws is said next."""

import itertools
from collections.abc import Iterator
from typing import cast

from pipeline.records import Reject, Sentence
from pipeline.sentences.covering.slot_filler import (
    BalancedSource,
    SlotFiller,
    SoundingSource,
    interleave_by_rarity,
)
from pipeline.sentences.drawing.sampling import Source


def sentence(text: str) -> Sentence:
    return Sentence(text, text, domain="d", template="t:1", intent="t")


class Counted:
    """A source of so many sentences, each of the same worth."""

    def __init__(self, name: str, worth: float, number: int) -> None:
        self._rows = iter([sentence(f"{name}{index}") for index in range(number)])
        self._worth = worth

    def worth(self) -> float:
        return self._worth

    def next_row(self) -> Sentence | Reject | None:
        return next(self._rows, None)


class Filler:
    """Two slots of three values; what holds `c` is rare, and `said` before gives None."""

    vocabularies = ("abc", "abc")

    def __init__(self, said: set[str]) -> None:
        self.said = said

    def worth(self, values: tuple[str, ...]) -> float:
        return float(values.count("c"))

    def say(self, values: tuple[str, ...]) -> Sentence | None:
        text = "".join(values)
        if text in self.said:
            return None
        self.said.add(text)
        return sentence(text)


def uniforms(*values: float) -> Iterator[float]:
    return itertools.cycle(values)


def balanced(said: set[str], rest: Source, *values: float) -> BalancedSource:
    return BalancedSource(cast(SlotFiller, Filler(said)), uniforms(*values), lambda: rest)


def test_the_rarest_of_the_templates_is_said_until_all_are_dry() -> None:
    intents = [[cast(SoundingSource, Counted("low", 1, 2)), Counted("high", 2, 2)]]
    rows = interleave_by_rarity(intents, uniforms(0.0, 0.0, 0.99, 0.0, 0.99))
    assert [row.id for row in rows] == ["high0", "high1", "low0", "low1"]


def test_of_several_draws_the_rarest_is_said() -> None:
    source = balanced(set(), cast(Source, Counted("rest", 0, 1)), 0.0, 0.4, 0.9)
    # Pairs of (0, 0.4, 0.9): ab, ca, bc, ab.
    assert source.worth() == 1.0
    row = source.next_row()
    assert isinstance(row, Sentence)
    assert "c" in row.text


def test_after_many_repetitions_the_rest_is_listed() -> None:
    source = balanced({"aa"}, cast(Source, Counted("rest", 0, 1)), 0.0)
    row = source.next_row()
    assert isinstance(row, Sentence)
    assert row.text == "rest0"
    assert source.worth() == 0.0
    assert source.next_row() is None
