"""Phone error rates and where they come from."""

import enum
from collections.abc import Collection, Iterable, Sequence


def edit_distance(said: Sequence[str], meant: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that turn `meant` into `said`."""
    row = list(range(len(said) + 1))
    for index, wanted in enumerate(meant, start=1):
        diagonal, row[0] = row[0], index
        for column, heard in enumerate(said, start=1):
            substituted = diagonal + (heard != wanted)
            diagonal = row[column]
            row[column] = min(substituted, row[column] + 1, row[column - 1] + 1)
    return row[-1]


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
