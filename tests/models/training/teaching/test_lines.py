from itertools import chain

import numpy as np
import pytest

from models.training.teaching.drawn_lines import DRAWN, Sources
from models.training.teaching.lines import (
    SHARES,
    cut_to_length,
    texts_of_voices,
    weighted_words,
)

SOURCES = Sources(
    reading=[f"Sentence number {n} is read from a book." for n in range(60)],
    domain=[f"Set the timer called {n} to a later time." for n in range(60)]
    + [f"Is the light called {n} on?" for n in range(30)]
    + [f"Light {n} on." for n in range(30)],
    words=[f"word{n}" for n in range(2000)],
    names=["Ada Lopez", "Ben Smith", "Christopher Robinson"],
)
VOICES = ["ann", "bob", "cid", "dan"]


def test_shares_make_a_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_every_voice_has_every_kind_without_repeats() -> None:
    texts = texts_of_voices(SOURCES, VOICES, seed=1)
    for kinds in texts.values():
        assert set(kinds) == set(SHARES)
        assert all(found and len(set(found)) == len(found) for found in kinds.values())


def test_a_seed_says_all_and_another_says_otherwise() -> None:
    assert texts_of_voices(SOURCES, VOICES, 1) == texts_of_voices(SOURCES, VOICES, 1)
    assert texts_of_voices(SOURCES, VOICES, 1) != texts_of_voices(SOURCES, VOICES, 2)


def test_every_third_sentence_is_said_by_all() -> None:
    first = [texts_of_voices(SOURCES, VOICES, 1)[voice]["reading"][:9] for voice in VOICES]
    shared = set.intersection(*(set(read) for read in first))
    assert len(shared) == 3
    assert len(set(chain(*first))) == 3 + 4 * 6


def test_common_words_are_likelier() -> None:
    chosen = weighted_words(SOURCES.words, 400, np.random.default_rng(1))
    ranks = [int(word.strip(".?")[4:]) for word in chosen]
    assert np.median(ranks) < 600
    assert 0 < sum(word.endswith("?") for word in chosen) < 80


def test_digits_are_words_and_letters_stand_alone() -> None:
    rng = np.random.default_rng(1)
    for _, text in zip(range(50), DRAWN["digits"](rng, SOURCES), strict=False):
        assert 2 <= len(text.split()) <= 10
        assert not any(character.isdigit() for character in text)
    for _, text in zip(range(50), DRAWN["spelling"](rng, SOURCES), strict=False):
        assert all(len(mark) == 1 or mark.islower() for mark in text.rstrip(".").split())


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Short.", "Short."),
        ("  Two   spaces. ", "Two spaces."),
        ("a" * 30 + ", " + "b" * 30, "a" * 30 + "."),
        ("a" * 60, None),
    ],
)
def test_long_sentences_end_at_a_mark(text: str, cut: str | None) -> None:
    assert cut_to_length(text, most=40) == cut
