"""Was each column drawn as the config asks, and one row without regard to the last?"""

from collections.abc import Iterator, Mapping

import numpy as np

from pipeline.audit.columns import Column, as_labels, as_numbers, level_name
from pipeline.audit.evidence import LEAST_ROWS, SURE_ENOUGH_FOR_WORDS, Evidence, Finding, varying
from pipeline.audit.fits import (
    Fit,
    fits_curve,
    fits_probability,
    fits_shares,
    is_even,
    neighbours_agree,
    neighbours_repeat,
)
from pipeline.distributions import Choice, Distribution

SHAPE, RATE, ORDER = "distributions", "probabilities", "row order"
BABBLE = "babble"
_FEW = 6


def shapes(evidence: Evidence) -> Iterator[Finding]:
    """Was each column drawn from the distribution that the config asks for, and each file of a
    kind as often as the others?"""
    columns = dict(evidence.ledger.drawn)
    columns |= {column.name: column for column in varying(evidence.voice.values())}
    for name, asked in evidence.asked.drawn.items():
        if name in columns and len(columns[name].rows) >= LEAST_ROWS:
            yield _shape(columns[name], asked, evidence)
    for name, share in evidence.asked.even_kinds.items():
        if name in columns and len(columns[name].rows) >= LEAST_ROWS:
            yield _shape(columns[name], _all_alike(columns[name], share), evidence)
    for name in evidence.asked.even_files:
        fit = _even_files(columns[name], evidence) if name in columns else None
        if fit:
            words = "each file of a kind is heard about as often as the others"
            if fit.p <= SURE_ENOUGH_FOR_WORDS:
                words = f"some files are heard too often: {_most_frequent(columns[name])}"
            yield Finding(SHAPE, name, "", fit.test, fit.distance, fit.p, words)


def rates(evidence: Evidence) -> Iterator[Finding]:
    """Is each link applied in as many clips as asked?"""
    never = np.zeros(evidence.num_rows, dtype=bool)
    for link, probability in evidence.asked.probability.items():
        count, total = int(evidence.ledger.applied.get(link, never).sum()), evidence.num_rows
        fit = fits_probability(count, total, probability)
        words = f"in {count / total:.1%} of the clips, {probability:.1%} asked"
        yield Finding(RATE, link, "", fit.test, fit.distance, fit.p, words)


def order(evidence: Evidence) -> Iterator[Finding]:
    """Does a row tell what the next one drew? Looked at in the largest split."""
    splits = evidence.labels["split"].values
    largest = np.flatnonzero(splits == np.bincount(splits).argmax())
    asked = evidence.asked
    for column in varying((*evidence.drawn(), *evidence.voice.values())):
        part = column.within(np.intersect1d(column.rows, largest))
        if not varying([part]):
            continue
        in_turn = asked.voices_take_turns if column.name in evidence.voice else asked.takes_turns
        test = neighbours_repeat if part.levels else neighbours_agree
        fit = test(part.values, evidence.rng_for(f"order|{column.name}"), not in_turn)
        words = "a row tells nothing about the next"
        if fit.p <= SURE_ENOUGH_FOR_WORDS:
            alike = "more" if fit.distance > 0 else "less"
            words = f"neighbours are {alike} alike than chance makes them ({fit.distance:+.2f})"
        yield Finding(ORDER, column.name, "", fit.test, fit.distance, fit.p, words)


def _shape(column: Column, asked: Distribution | Choice, evidence: Evidence) -> Finding:
    lost = evidence.lost if column.name in evidence.voice else 0.0
    shares = asked.probabilities()
    if shares is not None:
        named = {level_name(value): share for value, share in shares.items()}
        fit = _fits_choice(column, named, evidence.strata(column), lost)
        most = _most_frequent(column)
        words = (
            f"most often {most}"
            if len(shares) > _FEW
            else f"{asked.describe()} asked; most often {most}"
        )
    else:
        assert isinstance(asked, Distribution)
        values = as_numbers(column)
        fit = fits_curve(values, asked.cdf, asked.bounds, lost)
        words = f"{asked.describe()} asked; found from {values.min():.3g} to {values.max():.3g}"
    return Finding(SHAPE, column.name, "", fit.test, fit.distance, fit.p, words)


def _fits_choice(
    column: Column, shares: Mapping[str, float], strata: np.ndarray | None, lost: float
) -> Fit:
    """Chi-square against the shares asked for. Where splits have noise of their own, one without
    any of a kind draws the others in its place: then each split by itself."""
    levels, codes = as_labels(column)
    names = list(dict.fromkeys([*shares, *levels]))
    places = np.array([names.index(level) for level in levels])[codes]
    asked = np.array([shares.get(name, 0.0) for name in names])
    if strata is None:
        return fits_shares(np.bincount(places, minlength=len(names)), asked, lost)
    fits = []
    for stratum in np.unique(strata):
        counts = np.bincount(places[strata == stratum], minlength=len(names))
        own = np.where(counts > 0, asked, 0.0)
        fits.append(fits_shares(counts, own / own.sum() if own.any() else asked, lost))
    worst = min(fits, key=lambda fit: fit.p)
    return Fit(worst.test, worst.distance, min(1.0, worst.p * len(fits)))


def _all_alike(column: Column, share: float) -> Choice:
    """Every kind that occurs as likely as the others, after babble has taken its `share`."""
    weights = dict.fromkeys((name for name in column.levels or () if name != BABBLE), 1.0)
    if share:
        weights[BABBLE] = share / (1 - share) * len(weights) if share < 1 else 1.0
    return Choice(weights)


def _even_files(source: Column, evidence: Evidence) -> Fit | None:
    """Whether each file of a kind is used as often as the others of its kind and split."""
    kind = evidence.ledger.drawn.get(source.name.replace(".sources[", ".classes["))
    groups = np.zeros(len(source.rows), dtype=np.int64)
    if kind is not None and kind is not source and kind.levels:
        groups += kind.values
    strata = evidence.strata(source)
    if strata is not None:
        groups = groups * (int(strata.max()) + 1) + strata
    return is_even([np.bincount(source.values[groups == group]) for group in np.unique(groups)])


def _most_frequent(column: Column) -> str:
    levels, codes = as_labels(column)
    counts = np.bincount(codes)
    return f"`{levels[int(counts.argmax())]}`, in {counts.max() / counts.sum():.0%}"
