"""What the tests of an audit look at, and what they give back."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.audit.asked import Asked
from pipeline.audit.columns import Column, Ledger
from pipeline.splits import SPLITS

LEAST_ROWS = 20  # fewer say nothing
SURE_ENOUGH_FOR_WORDS = 0.001  # the p above which a finding is told as chance
# Where a noise begins depends on how long the clip is, and a seed is no property of a clip.
_NOT_COMPARED = re.compile(r"\.(offsets?_s(\[\d+\])?|seed)$")


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
            if not _NOT_COMPARED.search(name):
                yield column

    def strata(self, column: Column) -> np.ndarray | None:
        """The split of each row of `column` (n,), where its link draws from recordings that were
        dealt to the splits: then it is chance within a split only. Else None."""
        link, _, parameter = column.name.partition(".")
        if not parameter or not self._is_dealt(link):
            return None
        return self.labels["split"].within(column.rows).values

    def sources(self, link: str) -> list[Column]:
        """The columns that name recordings a link has used."""
        prefixes = (f"{link}.source", f"{link}.sources[")
        return [
            column
            for name, column in self.ledger.drawn.items()
            if column.levels and (name == prefixes[0] or name.startswith(prefixes[1]))
        ]

    def _is_dealt(self, link: str) -> bool:
        """Whether splits share no recording, but for the one that a MelNet may have made."""
        splits_of: dict[str, set[int]] = defaultdict(set)
        for source in self.sources(link):
            assert source.levels is not None
            splits = self.labels["split"].within(source.rows).values
            used = np.unique(source.values * len(SPLITS) + splits)
            for pair in used.tolist():
                splits_of[source.levels[pair // len(SPLITS)]].add(pair % len(SPLITS))
        shared = sum(len(splits) > 1 for splits in splits_of.values())
        return (
            shared <= 1
            and len(set().union(*splits_of.values())) > 1
            and len(splits_of) > shared + 1
        )


def varying(columns: Iterable[Column]) -> list[Column]:
    """Those with rows enough and more than one value."""
    return [
        column
        for column in columns
        if len(column.rows) >= LEAST_ROWS and (column.values != column.values[0]).any()
    ]
