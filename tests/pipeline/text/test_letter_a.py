"""The letter A is "ay", the article is not: each A of a text, in order."""

import pytest

from models.phonology.phonemes import Phonemizer, split_words, words_of
from pipeline.text.letter_a import read_letter_a
from pipeline.text.normalize import normalize


def letters(written: str) -> list[bool]:
    """For each word `a` of what is said, whether it is the letter."""
    (spoken,) = normalize([written], workers=1)
    phones, _ = split_words(read_letter_a(spoken, Phonemizer().phonemize([spoken])[0]))
    words = words_of(spoken)
    return [said == ["ˈeɪ"] for word, said in zip(words, phones, strict=True) if word == "a"]


@pytest.mark.parametrize(
    "text",
    [
        "I sit in seat 14A today.",
        "Exit 12A is closed.",
        "seat 14a today",
        "My plate is 7 A 4 2.",
        "Code A7K2 please.",
        "A7K2 is my code.",
        "Open order #A1B2.",
        "The A380 landed.",
        "It landed. A380s are big.",
        "Size A4 paper.",
        "An A4 page.",
        "I need AA batteries now.",
        "I need AAA batteries now.",
        "Press A or B.",
        "Press A to jump.",
        "Press A now.",
        "A or B?",
        "A to Z.",
        "Is it A, B or C?",
        "A, B or C?",
        "The answer is A. Then go on.",
        "Vitamin A is good.",
        "Hepatitis A shots.",
        "Plan A failed.",
        "Plan A, not plan B.",
        "Grade A beef.",
        "The A train is late.",
        "Play the A Team.",
        "He got an A on the test.",
        "Play it in A major.",
        "A is for apple.",
        "A plus B is C.",
        "A-list stars came.",
        "It is 7 A M.",
        "ABC News is on.",
        "ATM fees are high.",
        "ATVs are loud.",
        "AM radio",
        "A N D Y is my name.",
    ],
)
def test_letters(text: str) -> None:
    assert letters(text) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "I have a 5.",
        "A 5 minute walk.",
        "A $5 bill.",
        "A 4K film.",
        "A 5K run.",
        "I eat 5 a day.",
        "EAT 5 A DAY",
        "I WANT A DOG.",
        "A Star Is Born",
        "Watch A Star Is Born tonight.",
        "The A Star Is Born soundtrack.",
        "Play A Day in the Life.",
        "I read A Farewell to Arms.",
        "Play A Hundred Miles.",
        "Plan A Trip",
        "Type A Message",
        "A TV show is on.",
        "A PC game.",
        "A PhD student called.",
        "A U.S. senator spoke.",
        "A T-shirt please.",
        "A U-turn ahead.",
        "A-ha!",
        "A flat tire.",
        "A plus is its price.",
        "A to-do list.",
        "A, um, lamp please.",
        "A... lamp please.",
        "He said 'A man is here'.",
        'He said "A man is here".',
        "It landed. A man saw it.",
    ],
)
def test_articles(text: str) -> None:
    assert letters(text) == [False]


def test_both_in_one_text() -> None:
    assert letters("A man took a seat in row A, not in a bus.") == [False, False, True, False]
