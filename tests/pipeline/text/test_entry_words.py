"""The words of a transcript that an entry of a lexicon stands for."""

import pytest

from pipeline.text.entry_words import words_met
from pipeline.text.normalize import normalize


@pytest.mark.parametrize(
    ("written", "met"),
    [
        ("nguyen", ["nguyen"]),
        ("O’Brien", ["o'brien"]),
        ("wi-fi", ["wi fi"]),
        ("José", ["josé", "jose"]),
        ("straße", ["straße", "strasse"]),
        ("NASA", ["nasa"]),
        ("GIF", ["gif"]),
        ("FBI", ["fbi", "f b i"]),
        ("SQL", ["sql", "s q l"]),
        ("macOS", ["macos", "mac o s"]),
        ("iPhone", ["iphone"]),
        ("OK", ["ok", "okay"]),
        ("AT&T", ["at t", "a t and t"]),
        ("5G", ["5g", "five g"]),
        ("COVID-19", ["covid 19", "covid nineteen"]),
        ("Boeing 747", ["boeing 747", "boeing seven four seven"]),
        ("U.S.", ["u s"]),
        ("...", []),
    ],
)
def test_words_met(written: str, met: list[str]) -> None:
    assert [" ".join(words) for words in words_met(written)] == met


@pytest.mark.parametrize("written", ["SQL", "FBI", "5G", "MP3", "B12", "AT&T", "OK", "José", "H2O"])
def test_the_last_are_those_of_a_transcript(written: str) -> None:
    (spoken,) = normalize([f"Use the {written} now."], workers=1)
    assert f"use the {' '.join(words_met(written)[-1])} now." == spoken.lower()


def test_words_of_a_list_in_capitals() -> None:
    assert words_met("US", in_capitals=True) == [("us",)]
    assert words_met("TV", in_capitals=True) == [("tv",), ("t", "v")]
