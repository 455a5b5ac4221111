import pytest

from models.evaluation.opinions import mean, word_errors


@pytest.mark.parametrize(
    ("reference", "hypothesis", "edits"),
    [
        ("four one nine zero two", "41902", 0),
        ("four one nine zero two", "4, 1, 9, oh, 2.", 0),
        ("twenty five cents", "25 cents", 0),
        ("one thousand two hundred", "1,200", 0),
        ("The ferry leaves.", "the ferry leaves", 0),
        ("sea side", "Seaside", 0),
        ("to thirty percent", "to 30%.", 0),
        ("it was labelled", "It was labeled.", 0),
        ("the ferry leaves", "the fairy leaves", 1),
        ("two seven", "27", 0),
        ("lantern", "", 1),
    ],
)
def test_words_are_counted_however_numbers_are_written(
    reference: str, hypothesis: str, edits: int
) -> None:
    assert word_errors(reference, hypothesis)[0] == edits


def test_the_words_said_are_counted() -> None:
    assert word_errors("twenty-five cents", "")[1] == 3


def test_the_mean_is_of_what_is_there() -> None:
    assert mean([1.0, None, 3.0]) == 2.0
    assert mean([None]) is None
