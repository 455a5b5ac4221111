import random

import pytest

from pipeline.sentences.language_model.near_duplicates import NearDuplicates, likeness, phrases_of


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("Yes, please.", "yes please", 1.0),
        ("Pay my bill", "Call a cab", 0.0),
        ("a b c", "a b d", 3 / 7),  # a, b, a-b of a, b, c, d, a-b, b-c, b-d
        ("Move fifty dollars into savings", "Move fifty dollars into my savings", 8 / 12),
        ("from checking to savings", "from savings to checking", 4 / 10),
    ],
)
def test_likeness_is_the_share_of_common_words_and_pairs(
    one: str, two: str, expected: float
) -> None:
    assert likeness(phrases_of(one), phrases_of(two)) == pytest.approx(expected)


def test_the_earliest_text_that_is_alike_is_found() -> None:
    texts = NearDuplicates(0.6)
    texts.add("Move fifty dollars into savings.")
    texts.add("Move fifty dollars into my savings.")
    texts.add("Stop!")
    assert texts.find("move fifty dollars into savings") == "Move fifty dollars into savings."
    assert texts.find("Move sixty dollars over there") is None
    assert texts.find("stop") == "Stop!"


def test_texts_without_words_are_compared_by_their_signs() -> None:
    texts = NearDuplicates(0.6)
    texts.add("?!")
    assert texts.find("?!") == "?!"
    assert texts.find("…") is None


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75, 1.0])
def test_none_is_missed_that_comparing_all_would_find(threshold: float) -> None:
    drawing = random.Random(7)
    words = ["pay", "my", "rent", "landlord", "please", "today", "a", "bill"]
    output = [
        " ".join(drawing.choice(words) for _ in range(drawing.randint(1, 7))) for _ in range(250)
    ]
    texts = NearDuplicates(threshold)
    for number, text in enumerate(output):
        alike = [
            earlier
            for earlier in output[:number]
            if likeness(phrases_of(earlier), phrases_of(text)) >= threshold
        ]
        assert texts.find(text) == (alike[0] if alike else None)
        texts.add(text)
