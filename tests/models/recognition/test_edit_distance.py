import numpy as np
import pytest

from models.recognition.edit_distance import (
    distance_inside,
    edit_distance,
    edit_distances,
    error_rate,
)


@pytest.mark.parametrize(
    ("output", "meant", "distance"),
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
def test_edit_distance(output: str, meant: str, distance: int) -> None:
    assert edit_distance(output, meant) == distance


def test_error_rate_counts_phones_not_clips() -> None:
    assert error_rate([("abcdefgh", "abcdefgh"), ("x", "ab")]) == pytest.approx(2 / 10)
    assert error_rate([]) == 0.0


@pytest.mark.parametrize(
    ("output", "meant", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("xxabcxx", "abc", 0),
        ("xxabdxx", "abc", 1),
        ("ab", "abc", 1),
        ("axbxc", "abc", 2),
        ("anything", "", 0),
    ],
)
def test_distance_inside(output: str, meant: str, distance: int) -> None:
    assert distance_inside(output, meant) == distance


def test_many_at_once_are_as_far_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 7, size=40)
    output = np.where(np.arange(7) < lengths[:, None], rng.integers(1, 4, size=(40, 7)), 0)
    for meant in ([], [1], [1, 2, 3, 1], [9, 1, 1, 2, 3, 3, 2, 1]):
        one_by_one = [
            edit_distance([str(n) for n in row[:length]], [str(n) for n in meant])
            for row, length in zip(output.tolist(), lengths, strict=True)
        ]
        assert edit_distances(output, lengths, meant).tolist() == one_by_one
