"""Phone error rates and where they come from."""

import enum
from collections.abc import Collection, Iterable, Sequence

import numpy as np


def edit_distance(said: Sequence[str], meant: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that turn `meant` into `said`."""
    return _last_row(list(range(len(said) + 1)), said, meant)[-1]


def distance_inside(said: Sequence[str], meant: Sequence[str]) -> int:
    """The fewest edits that turn `meant` into any stretch of `said`: 0 if it is said in there."""
    return min(_last_row([0] * (len(said) + 1), said, meant))


def edit_distances(said: np.ndarray, lengths: np.ndarray, meant: Sequence[int]) -> np.ndarray:
    """`edit_distance` of each of many to `meant`, all at once.

    `said` (B, N) are numbers of symbols, `lengths` (B,) how many of a row count; gives (B,).
    """
    width = said.shape[1]
    row = np.tile(np.arange(width + 1, dtype=np.int16)[:, None], (1, len(said)))  # (N + 1, B)
    columns = np.ascontiguousarray(said.T)  # (B, N) -> (N, B)
    for index, wanted in enumerate(meant, start=1):
        diagonal, row[0] = row[0].copy(), index
        for column in range(1, width + 1):
            substituted = diagonal + (columns[column - 1] != wanted)
            diagonal = row[column].copy()
            shortest = np.minimum(diagonal, row[column - 1]) + 1
            row[column] = np.minimum(substituted, shortest)
    return row[lengths, np.arange(len(said))]


def _last_row(row: list[int], said: Sequence[str], meant: Sequence[str]) -> list[int]:
    """Of the table of edits: `row` is its first, for none of `meant`."""
    for index, wanted in enumerate(meant, start=1):
        diagonal, row[0] = row[0], index
        for column, heard in enumerate(said, start=1):
            substituted = diagonal + (heard != wanted)
            diagonal = row[column]
            row[column] = min(substituted, row[column] + 1, row[column - 1] + 1)
    return row


class Step(enum.Enum):
    """One step from what was meant to what was said."""

    RIGHT = enum.auto()
    OTHER = enum.auto()  # something else was said in its place
    LEFT_OUT = enum.auto()
    PUT_IN = enum.auto()


EDITS = (Step.OTHER, Step.LEFT_OUT, Step.PUT_IN)


def steps_between(said: Sequence[str], meant: Sequence[str]) -> list[Step]:
    """A shortest way from `meant` to `said`, in order; its edits are the edit distance."""
    rows = [list(range(len(said) + 1))]
    for index, wanted in enumerate(meant, start=1):
        above, row = rows[-1], [index]
        for column, heard in enumerate(said, start=1):
            substituted = above[column - 1] + (heard != wanted)
            row.append(min(substituted, above[column] + 1, row[column - 1] + 1))
        rows.append(row)
    steps, index, column = [], len(meant), len(said)
    while index or column:
        cost = rows[index][column]
        differs = not (index and column) or said[column - 1] != meant[index - 1]
        if index and column and cost == rows[index - 1][column - 1] + differs:
            steps.append(Step.OTHER if differs else Step.RIGHT)
            index, column = index - 1, column - 1
        elif index and cost == rows[index - 1][column] + 1:
            steps.append(Step.LEFT_OUT)
            index -= 1
        else:
            steps.append(Step.PUT_IN)
            column -= 1
    return steps[::-1]


def longest_stretch(steps: Iterable[Step], of: Collection[Step] = EDITS) -> int:
    """By how many the steps `of` these kinds outnumber what speaks against them, where they do
    most: right ones and other edits, though not `OTHER`, which may be either.

    A stretch of mumbling so counts almost in full, with a chance hit in it or not. (Largest sum
    of a contiguous part, by Kadane's algorithm.)
    """
    longest = current = 0
    for step in steps:
        current = max(0, current + (1 if step in of else -(step is not Step.OTHER)))
        longest = max(longest, current)
    return longest


def error_rate(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Edit distances over all (said, meant) pairs, divided by what was meant."""
    errors = sum(edit_distance(said, meant) for said, meant in pairs)
    return errors / max(1, sum(len(meant) for _, meant in pairs))
