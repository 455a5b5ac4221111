import pytest

from models.edit_distance import edit_distance, error_rate


@pytest.mark.parametrize(
    ("said", "meant", "distance"),
    [
        ("", "", 0),
        ("kitten", "kitten", 0),
        ("sitting", "kitten", 3),
        ("", "abc", 3),
        ("abc", "", 3),
        ("bc", "abc", 1),
        ("abcd", "abc", 1),
    ],
)
def test_edit_distance(said: str, meant: str, distance: int) -> None:
    assert edit_distance(said, meant) == distance


def test_error_rate_counts_phones_not_clips() -> None:
    assert error_rate([("abcdefgh", "abcdefgh"), ("x", "ab")]) == pytest.approx(2 / 10)
    assert error_rate([]) == 0.0
