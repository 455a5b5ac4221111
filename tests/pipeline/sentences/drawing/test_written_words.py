"""A sentence in words is the sentence, and what is a slot's stays the slot's."""

import pytest

from pipeline.records import Slot
from pipeline.sentences.drawing.written_words import (
    Edit,
    Word,
    begins_low,
    holds_slots,
    in_front,
    join_words,
    split_sentence,
)

TIME = (Slot("time", "7 a.m."),)


@pytest.mark.parametrize(
    ("text", "values", "cores"),
    [
        ("Wake me at 7 a.m.", ["7 a.m."], ["Wake", "me", "at", "7", "a.m."]),
        ("Wake me at 7 a.m., please.", ["7 a.m."], ["Wake", "me", "at", "7", "a.m.", "please"]),
        ('Add "milk" (now)!', ["milk"], ["Add", "milk", "now"]),
        ("Two croissants", ["croissant"], ["Two", "croissants"]),
        ("Is it -5°F?", ["-5°F"], ["Is", "it", "-5°F"]),
        ("At 5 p.m. today", [], ["At", "5", "p.m.", "today"]),
        ("Anna's card, $5.", ["$5"], ["Anna's", "card", "$5"]),
    ],
)
def test_signs_stand_beside_words_but_not_inside_values(
    text: str, values: list[str], cores: list[str]
) -> None:
    words = split_sentence(text, [Slot("slot", value) for value in values])
    assert [word.core for word in words] == cores
    assert join_words(words) == text
    output = " ".join(word.core for word in words if word.in_slot)
    assert all(value in output for value in values)


def test_an_edit_that_says_the_value_first_hides_the_slot() -> None:
    words = split_sentence("Wake me at 7 a.m.", TIME)
    assert holds_slots(Edit(0, 1, (Word("Please"), Word("wake"))).of(words), TIME)
    assert not holds_slots(Edit(0, 0, (Word("7"), Word("a.m."))).of(words), TIME)
    assert not holds_slots(Edit(4, 5).of(words), TIME)


@pytest.mark.parametrize(
    ("word", "low"),
    [
        (Word("Turn"), "turn"),
        (Word("turn"), "turn"),
        (Word("I'd"), "I'd"),
        (Word("What’s"), "what's"),
        (Word("Alexa"), None),
        (Word("Anna", in_slot=True), None),
        (Word("K", in_slot=True), "K"),
        (Word("$5", in_slot=True), "$5"),
    ],
)
def test_only_known_words_lose_their_capital(word: Word, low: str | None) -> None:
    found = begins_low(word)
    assert (found.core if found else None) == low


def test_what_comes_in_front_takes_the_capital() -> None:
    words = split_sentence("Turn it on.", ())
    (edit,) = in_front("you know,", words)
    assert join_words(edit.of(words)) == "You know, turn it on."
    assert in_front("um,", split_sentence("Alexa stop", ())) == []
