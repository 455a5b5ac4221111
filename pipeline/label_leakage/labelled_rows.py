"""Rows of a dataset by their intent: what each says outside its slots, and which values in them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.phonology.foreign_accents import parse_accent
from pipeline.randomness import rng_for
from pipeline.statistics.label_tests import Holdings, holdings

MOST_ROWS = 20_000
CARRIER = "carrier"  # the slot whose values are said before a request, whatever it is
COLUMNS = (
    "id",
    "transcript",
    "template",
    "intent",
    "slots",
    "source",
    "speaker",
    "accent",
    "negative",
)


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """N rows out of `total` that have an intent; `intents` are codes (N,) into `names`.

    `distinct` are the rows that say what none before them says: a sentence that is spoken by
    three voices counts once where words are counted.
    """

    rows: Sequence[Mapping[str, Any]]
    intents: np.ndarray
    names: tuple[str, ...]
    distinct: np.ndarray
    total: int

    def words(self) -> Holdings:
        """The words of the transcript outside slots, and of carriers, of distinct rows."""
        return holdings(
            (row, word) for row in self.distinct.tolist() for word in _free_words(self.rows[row])
        )

    def slots(self) -> dict[str, Holdings]:
        """For each slot the values of distinct rows; case does not matter."""
        pairs: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for row in self.distinct.tolist():
            for slot in self.rows[row]["slots"]:
                pairs[slot["name"]].append((row, slot["value"].casefold()))
        return {name: holdings(pairs[name]) for name in sorted(pairs)}

    def codes(self, column: str) -> np.ndarray:
        """A column of labels as codes (N,)."""
        values = [row[column] for row in self.rows]
        if column == "accent":  # its strength is the speaker's
            values = [parse_accent(value).language for value in values]
        return np.unique(np.array(values, dtype=object), return_inverse=True)[1].reshape(-1)


def labelled_rows(rows: Collection[Mapping[str, Any]], seed: int) -> LabelledRows:
    """The rows with an intent, by id, without negatives; of more than `MOST_ROWS` so many, drawn
    by `seed`. Goes through `rows` twice.
    """
    ids = sorted(row["id"] for row in rows if _is_labelled(row))
    total = len(ids)
    if total > MOST_ROWS:
        ids = [ids[n] for n in rng_for(seed, "accidents").permutation(total)[:MOST_ROWS]]
    wanted = set(ids)
    kept = [row for row in rows if row["id"] in wanted and _is_labelled(row)]
    kept.sort(key=lambda row: row["id"])
    names = tuple(sorted({row["intent"] for row in kept}))
    codes = {name: code for code, name in enumerate(names)}
    first = {row["transcript"]: index for index, row in reversed(list(enumerate(kept)))}
    return LabelledRows(
        rows=kept,
        intents=np.array([codes[row["intent"]] for row in kept], dtype=np.int64),
        names=names,
        distinct=np.array(sorted(first.values()), dtype=np.int64),
        total=total,
    )


def _is_labelled(row: Mapping[str, Any]) -> bool:
    return bool(row["intent"]) and row["negative"]["kind"] == "none"


def _free_words(row: Mapping[str, Any]) -> set[str]:
    in_slots = {
        index
        for slot in row["slots"]
        if slot["name"] != CARRIER
        for index in range(slot["first_word"], slot["end_word"])
    }
    words = enumerate(row["transcript"].split())
    return {word for index, word in words if index not in in_slots}
