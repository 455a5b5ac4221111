"""Input and output of the audit's tests: `Evidence` and `Finding`."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.config import build
from models.errors import DataError
from pipeline.audit.columns import AugmentationLog, Column
from pipeline.augment.chain import kind_of
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links import LINKS
from pipeline.augment.links.link import AuditShape
from pipeline.dataset.record import BuildPart
from pipeline.splits import SPLITS

LEAST_ROWS = 20  # fewer say nothing
SURE_ENOUGH_FOR_WORDS = 0.001  # the p above which a finding is told as chance


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one test of the column `subject`, for ties `against` another column.

    `p` is the p-value; `words` describe the effect.
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

    `probability` is the share of clips that the config asks each link for; `lost` is the share of
    voices that were drawn and then dropped by the judge; `speakers_apart` says whether no two
    splits share a speaker, by intent; `rng_for` gives a generator for a test by its name.
    """

    num_rows: int
    log: AugmentationLog
    voice: Mapping[str, Column]
    labels: Mapping[str, Column]
    probability: Mapping[str, float]
    lost: float
    speakers_apart: bool
    rng_for: Callable[[str], np.random.Generator]

    def drawn(self) -> Iterator[Column]:
        """Every column that augmentation drew: its parameters, and whether a link was applied
        that belongs into some clips only."""
        for link, probability in self.probability.items():
            if 0 < probability < 1 and link in self.log.applied:
                applied = self.log.applied[link].astype(np.int64)
                yield Column(link, np.arange(self.num_rows), applied, ("without", "with"))
        for name, column in self.log.drawn.items():
            link, _, parameter = name.partition(".")
            shape = audit_shape(link)
            # Where a noise begins depends on how long the clip is.
            if parameter.partition("[")[0] not in (shape.starts_s, *shape.skipped):
                yield column

    def strata(self, column: Column) -> np.ndarray | None:
        """The split of each row of `column` (n,), where its link draws from recordings that were
        assigned to splits: then draws are independent within a split only. Else None."""
        link, _, parameter = column.name.partition(".")
        if not parameter or not self._is_dealt(link):
            return None
        return self.labels["split"].within(column.rows).values

    def voice_strata(self, column: Column) -> np.ndarray | None:
        """The split of each row of a column (n,) of voices, where each split has speakers of its
        own: then voices are drawn within a split. Else None."""
        return self.labels["split"].within(column.rows).values if self.speakers_apart else None

    def sources(self, link: str) -> list[Column]:
        """The columns that name recordings a link has used."""
        named = f"{link}.{audit_shape(link).recordings}"
        return [
            column
            for name, column in self.log.drawn.items()
            if column.levels and name.partition("[")[0] == named
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


def audit_shape(link: str) -> AuditShape:
    """Of a link as the columns of an `AugmentationLog` call it, where a second one is `noise 2`.

    Raises `DataError` for one that this version does not know.
    """
    kind = link.partition(" ")[0]
    if kind not in LINKS:
        raise DataError(f"augmentations: link {kind!r}; known are {', '.join(LINKS)}")
    return LINKS[kind].audit


def probabilities(parts: Sequence[BuildPart]) -> dict[str, float]:
    """Link -> the share of the clips that the builds of a dataset ask it for, of links that no
    chain has twice: a row does not say which of two it has.

    Raises `ConfigError` for a chain that this version does not know.
    """
    shares, twice, num_rows = defaultdict[str, float](float), set[str](), 0
    for part in parts:
        rows = max(1, part.rows)
        num_rows += rows
        links = build(AugmentConfig, part.config.get("augment") or {}, "build.json").links
        kinds = Counter(map(kind_of, links))
        twice |= {kind for kind, count in kinds.items() if count > 1}
        for link in links:
            shares[kind_of(link)] += link.probability * rows
    return {kind: share / num_rows for kind, share in shares.items() if kind not in twice}


def varying(columns: Iterable[Column]) -> list[Column]:
    """The columns with enough rows and more than one value."""
    return [
        column
        for column in columns
        if len(column.rows) >= LEAST_ROWS and (column.values != column.values[0]).any()
    ]
