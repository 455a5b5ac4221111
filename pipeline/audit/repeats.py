"""Tests for repeated noise segments, and the effective number of acoustic conditions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.audit.columns import Column, as_numbers
from pipeline.audit.evidence import LEAST_ROWS, Evidence, Finding, audit_shape, varying
from pipeline.augment.links import LINKS
from pipeline.statistics.independence import shuffled_p

REPEATS, CONDITIONS = "repeats", "conditions"
_SAME_S = 0.002  # starts this near to each other make the same segment
_NEAR_S = 0.2  # starts this near are what those are counted among
_TIMES_CHANCE = 2.0  # what counts as far more often
_SHUFFLES = 200


@dataclass(frozen=True, slots=True)
class Repeats:
    """Pairs of clips with the same segment of a noise recording, and how many are expected.

    `share` is the share of clips whose segment was used before.
    """

    pairs: int
    expected: float
    share: float
    p: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """How many conditions there are: `used` at all, `effective` if all were used equally often
    (the exponential of the entropy), and `by_chance` if their parts were drawn independently."""

    used: int
    effective: float
    by_chance: float
    p: float

    @property
    def words(self) -> str:
        return (
            f"{self.used:,} distinct, effective number {self.effective:,.0f}, "
            f"{self.by_chance:,.0f} expected by chance"
        )


def repeats(evidence: Evidence) -> Iterator[Finding]:
    """Whether clips share a segment of a noise recording more often than by chance."""
    for name, source in evidence.log.drawn.items():
        link, _, parameter = name.partition(".")
        shape = audit_shape(link)
        named, _, item = parameter.partition("[")
        if not shape.starts_s or named != shape.recordings or len(source.rows) < LEAST_ROWS:
            continue
        offset = evidence.log.drawn[f"{link}.{shape.starts_s}[{item}"]
        found = repeated_segments(source.values, as_numbers(offset))
        words = (
            f"{found.share:.1%} of the clips begin within 2 ms of where another began in the same "
            f"file ({found.pairs} pairs, {found.expected:.1f} by chance)"
        )
        yield Finding(REPEATS, source.name, "", "binomial", float(found.pairs), found.p, words)


def variety(evidence: Evidence) -> tuple[Conditions, Finding] | None:
    """How many different (noise, room, speaker) there are; None where fewer than two vary."""
    used = sorted((link for link in LINKS if LINKS[link].audit.recordings), key=_by_licence)
    sources = [source for link in used for source in evidence.sources(link)[:1]]
    parts = [*varying([evidence.voice["speaker"]]), *sources]
    if len(parts) < 2 or evidence.num_rows < LEAST_ROWS:
        return None
    codes = [_everywhere(part, evidence.num_rows) for part in parts]
    splits, rng = evidence.labels["split"].values, evidence.rng_for("conditions")
    found = conditions(codes, splits, rng)
    subject = ", ".join(part.name for part in parts)
    return found, Finding(CONDITIONS, subject, "", "entropy", found.effective, found.p, found.words)


def repeated_segments(sources: np.ndarray, offsets_s: np.ndarray) -> Repeats:
    """Noise `sources` (N,), as codes, used from `offsets_s` (N,) on, again and again.

    Of two starts within 0.2 s of each other, chance brings a hundredth within 2 ms, however
    offsets are spread over a file. Counted only where they spread over more than that.
    """
    same = near = repeated = 0
    expected = 0.0
    for source in np.unique(sources):
        offsets = np.sort(offsets_s[sources == source])
        span = float(offsets[-1] - offsets[0])
        pairs_same, pairs_near = _pairs(offsets, _SAME_S), _pairs(offsets, _NEAR_S)
        same += pairs_same
        near += pairs_near
        repeated += int((np.diff(offsets) <= _SAME_S).sum())
        expected += pairs_near * _share_within(span)
    p = float(stats.binom.sf(same - 1, near, expected / near)) if near else 1.0
    if same < _TIMES_CHANCE * expected:
        p = 1.0
    return Repeats(same, expected, repeated / len(sources), p)


def conditions(
    columns: Sequence[np.ndarray], strata: np.ndarray, rng: np.random.Generator
) -> Conditions:
    """Distinct combinations of `columns` of codes (N,); by chance: shuffled within `strata`."""
    rows_of_strata = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]

    def drawn(count: int) -> np.ndarray:
        shuffled = [column.copy() for column in columns]
        entropies = np.empty(count)
        for index in range(count):
            for column in shuffled[1:]:
                for rows in rows_of_strata:
                    column[rows] = rng.permutation(column[rows])
            entropies[index] = _entropy(shuffled)[0]
        return -entropies

    entropy, used = _entropy(columns)
    p, mean, _ = shuffled_p(-entropy, drawn, _SHUFFLES)
    return Conditions(used, float(np.exp(entropy)), float(np.exp(-mean)), p)


def _pairs(ordered: np.ndarray, within: float) -> int:
    """How many pairs of the rising numbers lie within a distance of each other."""
    ends = np.searchsorted(ordered, ordered + within, side="right")
    return int((ends - np.arange(1, len(ordered) + 1)).sum())


def _share_within(span: float) -> float:
    """Of pairs of uniform numbers over `span` that are near, the share that counts as equal. One
    start offset of a file is treated as if there were more.
    """
    span = max(span, _NEAR_S)
    return (2 * span - _SAME_S) * _SAME_S / ((2 * span - _NEAR_S) * _NEAR_S)


def _entropy(columns: Sequence[np.ndarray]) -> tuple[float, int]:
    """In nats, of the combinations, and how many of them there are."""
    joint = columns[0].astype(np.int64)
    for column in columns[1:]:
        joint = joint * (int(column.max()) + 1) + column
    counts = np.unique(joint, return_counts=True)[1]
    return float(np.log(len(joint)) - counts @ np.log(counts) / len(joint)), len(counts)


def _by_licence(link: str) -> str:
    return LINKS[link].licence


def _everywhere(column: Column, num_rows: int) -> np.ndarray:
    codes = np.zeros(num_rows, dtype=np.int64)
    codes[column.rows] = column.values.astype(np.int64) + 1
    return codes
