"""Phone error rates and where they come from."""

import enum
from collections.abc import Collection, Iterable, Sequence

import numpy as np


def edit_distance(hypothesis: Sequence[str], reference: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that make `hypothesis` of `reference`."""
    return _last_row(list(range(len(hypothesis) + 1)), hypothesis, reference)[-1]


def nearest_distance(parts: Iterable[Sequence[Sequence[str]]], reference: Sequence[str]) -> int:
    """`edit_distance` of the hypothesis nearest to `reference` of all that take one of the readings
    of each of `parts`, one after the other.
    """
    row = list(range(len(reference) + 1))
    for readings in parts:
        ways = [_last_row(row.copy(), reference, words) for words in readings]
        row = list(map(min, *ways)) if len(ways) > 1 else ways[0]
    return row[-1]


def distance_inside(hypothesis: Sequence[str], reference: Sequence[str]) -> int:
    """The fewest edits that turn `reference` into any stretch of `hypothesis`: 0 if it is one."""
    return min(_last_row([0] * (len(hypothesis) + 1), hypothesis, reference))


def edit_distances(
    hypothesis: np.ndarray, lengths: np.ndarray, reference: Sequence[int]
) -> np.ndarray:
    """`edit_distance` of each of many to `reference`, all at once.

    `hypothesis` (B, N) are numbers of symbols, `lengths` (B,) how many of a row count; gives (B,).
    """
    width = hypothesis.shape[1]
    row = np.tile(np.arange(width + 1, dtype=np.int16)[:, None], (1, len(hypothesis)))  # (N + 1, B)
    columns = np.ascontiguousarray(hypothesis.T)  # (B, N) -> (N, B)
    for index, wanted in enumerate(reference, start=1):
        diagonal, row[0] = row[0].copy(), index
        for column in range(1, width + 1):
            substituted = diagonal + (columns[column - 1] != wanted)
            diagonal = row[column].copy()
            shortest = np.minimum(diagonal, row[column - 1]) + 1
            row[column] = np.minimum(substituted, shortest)
    return row[lengths, np.arange(len(hypothesis))]


def _last_row(row: list[int], hypothesis: Sequence[str], reference: Sequence[str]) -> list[int]:
    """Of the table of edits: `row` is its first, for none of `reference` or what was before it."""
    for wanted in reference:
        diagonal, row[0] = row[0], row[0] + 1
        for column, found in enumerate(hypothesis, start=1):
            substituted = diagonal + (found != wanted)
            diagonal = row[column]
            row[column] = min(substituted, row[column] + 1, row[column - 1] + 1)
    return row


class Step(enum.Enum):
    """One step from a reference to a hypothesis."""

    MATCH = enum.auto()
    SUBSTITUTION = enum.auto()
    DELETION = enum.auto()
    INSERTION = enum.auto()


EDITS = (Step.SUBSTITUTION, Step.DELETION, Step.INSERTION)


def steps_between(hypothesis: Sequence[str], reference: Sequence[str]) -> list[Step]:
    """A shortest way from `reference` to `hypothesis`, in order, with the fewest edits."""
    rows = _edits(hypothesis, reference).tolist()
    steps, index, column = [], len(reference), len(hypothesis)
    while index or column:
        cost = rows[index][column]
        differs = not (index and column) or hypothesis[column - 1] != reference[index - 1]
        if index and column and cost == rows[index - 1][column - 1] + differs:
            steps.append(Step.SUBSTITUTION if differs else Step.MATCH)
            index, column = index - 1, column - 1
        elif index and cost == rows[index - 1][column] + 1:
            steps.append(Step.DELETION)
            index -= 1
        else:
            steps.append(Step.INSERTION)
            column -= 1
    return steps[::-1]


def _edits(hypothesis: Sequence[str], reference: Sequence[str]) -> np.ndarray:
    """The fewest edits (R + 1, H + 1) between every beginning of `reference` and of `hypothesis`.

    A row at a time: what comes from above, then the insertions behind it as a running minimum.
    """
    numbers = {symbol: number for number, symbol in enumerate(hypothesis)}
    found = np.array([numbers[symbol] for symbol in hypothesis], dtype=np.int64)
    columns = np.arange(len(hypothesis) + 1)
    table = np.empty((len(reference) + 1, len(columns)), dtype=np.int64)
    table[0] = columns
    for index, wanted in enumerate(reference, start=1):
        above, row = table[index - 1], table[index]
        row[0] = index
        substituted = above[:-1] + (found != numbers.get(wanted, -1))
        np.minimum(substituted, above[1:] + 1, out=row[1:])
        np.minimum.accumulate(row - columns, out=row)
        row += columns
    return table


def longest_stretch(steps: Iterable[Step], of: Collection[Step] = EDITS) -> int:
    """By how many the steps `of` these kinds outnumber what speaks against them, where they do
    most: matches and other edits, though not `SUBSTITUTION`, which may be either.

    A stretch of mumbling so counts almost in full, with a chance hit in it or not. (Largest sum
    of a contiguous part, by Kadane's algorithm.)
    """
    longest = current = 0
    for step in steps:
        current = max(0, current + (1 if step in of else -(step is not Step.SUBSTITUTION)))
        longest = max(longest, current)
    return longest


def error_rate(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Edit distances over all (hypothesis, reference) pairs, divided by the references' length."""
    errors = sum(edit_distance(hypothesis, reference) for hypothesis, reference in pairs)
    return errors / max(1, sum(len(reference) for _, reference in pairs))
