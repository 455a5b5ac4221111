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
        ("june third nineteen ninety nine", "June 3rd, 1999.", 0),
        ("she was born on june third nineteen ninety nine", "She was born on June 3, 1999.", 0),
        ("nineteen eighty four was a good year", "1984 was a good year.", 0),
        ("room two one four has twenty three seats", "Room 214 has 23 seats.", 0),
        ("two hundred and five people", "205 people", 0),
        ("two hundred and six people", "205 people", 1),
        ("the first and second", "The 1st and 2nd.", 0),
        ("Pay twelve dollars and fifty cents.", "Pay $12.50.", 0),
        ("it leaves at seven oh five", "It leaves at 7:05.", 0),
        ("wake me at seven o'clock", "Wake me at 7:00.", 0),
        ("three point five miles", "3.5 miles", 0),
        ("Wake me at 7.", "Wake me at seven.", 0),
        ("Room 214.", "room two fourteen", 0),
        ("one two three", "9" * 40, 40),
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
