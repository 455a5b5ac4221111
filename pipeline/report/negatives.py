"""The report's section on hard negatives: kinds, distances, texts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from pipeline.pages.charts import histogram
from pipeline.records import SILENCE

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
    how many; `num_phrases` counts all of them. `silent` counts the rows without speech.
    """

    count: int
    kinds: list[NearMisses]
    picture: str
    phrases: list[tuple[str, int]]
    num_phrases: int
    silent: int = 0


def negatives_section(rows: Iterable[Mapping[str, Any]]) -> Negatives | None:
    """What the rows' `negative` and `transcript` say; None where no row is a negative."""
    by_kind: dict[str, list[tuple[float, str]]] = defaultdict(list)
    phrases: Counter[str] = Counter()
    silent = 0
    for row in rows:
        negative = row["negative"]
        silent += negative["kind"] == SILENCE
        if negative["distance"] is not None:
            by_kind[negative["kind"]].append((float(negative["distance"]), row["transcript"]))
            phrases[negative["near_to"]] += 1
    if not by_kind:
        return Negatives(0, [], "", [], 0, silent) if silent else None
    distances = [distance for of_kind in by_kind.values() for distance, _ in of_kind]
    kinds = [_near_misses(kind, of_kind) for kind, of_kind in by_kind.items()]
    return Negatives(
        count=len(distances),
        kinds=sorted(kinds, key=lambda kind: (-kind.count, kind.kind)),
        picture=histogram(distances, "share of the phrase's sounds"),
        phrases=sorted(phrases.items(), key=lambda item: (-item[1], item[0]))[:NUM_PHRASES],
        num_phrases=len(phrases),
        silent=silent,
    )


def _near_misses(kind: str, transcripts: list[tuple[float, str]]) -> NearMisses:
    """Of (distance, transcript)."""
    transcripts.sort()
    distances = [distance for distance, _ in transcripts]
    nearest = tuple(dict.fromkeys(transcript for _, transcript in transcripts))[:NUM_EXAMPLES]
    return NearMisses(kind, len(transcripts), distances[0], median(distances), nearest)
