"""The report's section on hard negatives: of which kinds, how near, and what they say."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from pipeline.charts import histogram

NUM_EXAMPLES = 6  # of a kind, the nearest
NUM_PHRASES = 12


@dataclass(frozen=True, slots=True)
class NearMisses:
    """Negatives of one kind; distances are shares of a phrase's sounds."""

    kind: str
    count: int
    nearest: float
    median: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Negatives:
    """The section. `picture` is an SVG of all distances; `phrases` those with most negatives, and
    how many; `num_phrases` counts all of them.
    """

    count: int
    kinds: list[NearMisses]
    picture: str
    phrases: list[tuple[str, int]]
    num_phrases: int


def negatives_section(rows: Sequence[Mapping[str, Any]]) -> Negatives | None:
    """What the rows' `negative` and `transcript` say; None where no row is a negative."""
    by_kind: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["negative"]["distance"] is not None:
            by_kind[row["negative"]["kind"]].append(row)
    negatives = [row for kind in by_kind.values() for row in kind]
    if not negatives:
        return None
    phrases = Counter(row["negative"]["near_to"] for row in negatives)
    kinds = [_near_misses(kind, of_kind) for kind, of_kind in by_kind.items()]
    return Negatives(
        count=len(negatives),
        kinds=sorted(kinds, key=lambda kind: (-kind.count, kind.kind)),
        picture=histogram([_distance(row) for row in negatives], "share of the phrase's sounds"),
        phrases=sorted(phrases.items(), key=lambda item: (-item[1], item[0]))[:NUM_PHRASES],
        num_phrases=len(phrases),
    )


def _near_misses(kind: str, rows: Sequence[Mapping[str, Any]]) -> NearMisses:
    nearest_first = sorted(rows, key=lambda row: (_distance(row), row["transcript"]))
    distances = [_distance(row) for row in rows]
    said = dict.fromkeys(row["transcript"] for row in nearest_first)
    return NearMisses(
        kind, len(rows), min(distances), median(distances), tuple(said)[:NUM_EXAMPLES]
    )


def _distance(row: Mapping[str, Any]) -> float:
    return float(row["negative"]["distance"])
