"""Phone error rates and where they come from."""

from collections.abc import Sequence


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


def error_rate(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Edit distances over all (said, meant) pairs, divided by what was meant."""
    errors = sum(edit_distance(said, meant) for said, meant in pairs)
    return errors / max(1, sum(len(meant) for _, meant in pairs))
