"""What the tests of an audit look at, and what they give back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.audit.asked import Asked
from pipeline.audit.columns import Column, Ledger

LEAST_ROWS = 20  # fewer say nothing
SURE_ENOUGH_FOR_WORDS = 0.001  # the p above which a finding is told as chance
# Where a noise begins depends on how long the clip is, and a seed is no property of a clip.
_NOT_COMPARED = (".offset_s", "seed")


@dataclass(frozen=True, slots=True)
class Finding:
    """One test: what was asked of which column (`against` which other), and what came out.

    `p` is how often draws that are in order look as odd; `words` say what was seen.
    """

    question: str
    subject: str
    against: str
    test: str
    statistic: float
    p: float
    words: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A dataset's rows as the tests see them.

    `lost` is the share of voices that were drawn and then dropped by the judge; `rng_for` gives a
    generator for a test by its name.
    """

    num_rows: int
    ledger: Ledger
    voice: Mapping[str, Column]
    labels: Mapping[str, Column]
    asked: Asked
    lost: float
    rng_for: Callable[[str], np.random.Generator]

    def drawn(self) -> Iterator[Column]:
        """Every column that augmentation drew: its parameters, and whether a link was applied
        that belongs into some clips only."""
        for link, probability in self.asked.probability.items():
            if 0 < probability < 1 and link in self.ledger.applied:
                applied = self.ledger.applied[link].astype(np.int64)
                yield Column(link, np.arange(self.num_rows), applied, ("without", "with"))
        for name, column in self.ledger.drawn.items():
            if not name.endswith(_NOT_COMPARED):
                yield column

    def strata(self, column: Column) -> np.ndarray | None:
        """The split of each row of `column` (n,), where no two splits share a source of its link:
        then it was dealt to them, and only within a split is it chance. Else None."""
        source = self.ledger.drawn.get(f"{column.name.partition('.')[0]}.source")
        if "." not in column.name or source is None or source.levels is None:
            return None
        splits = self.labels["split"].within(source.rows).values
        seen = [set(source.values[splits == code].tolist()) for code in np.unique(splits)]
        if len(seen) < 2 or sum(map(len, seen)) > len(set().union(*seen)):
            return None
        return self.labels["split"].within(column.rows).values


def varying(columns: Iterable[Column]) -> list[Column]:
    """Those with rows enough and more than one value."""
    return [
        column
        for column in columns
        if len(column.rows) >= LEAST_ROWS and (column.values != column.values[0]).any()
    ]
