"""What gives an intent away without meaning it: a name that is always called and never messaged,
a verb without which music is never asked for, a voice that wants one thing only.

A recognizer learns whatever predicts its labels. That a verb tells its intent is natural; these
are the things that leak it, tested against chance
(`pipeline/statistics/label_tests.py`, `pipeline/statistics/independence.py`), corrected for all
that was tested, and the most telling first.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.label_leakage.labelled_rows import CARRIER, LabelledRows, labelled_rows
from pipeline.label_leakage.messages import (
    bound_intent,
    lone_carriers,
    single_template,
    tied_values,
    told_by_voice,
    told_template,
)
from pipeline.randomness import rng_for
from pipeline.statistics.independence import (
    contingency_table,
    holm,
    mutual_information,
    mutual_information_test,
    tables_by_stratum,
)
from pipeline.statistics.label_tests import Holdings, LabelTests, label_tests, strongest_cell

ALPHA = 0.01  # of datasets without any leakage, how many may get a warning
_LEAST_ROWS = 8  # that hold a thing, for it to be tested
_LEAST_EXPECTED = 5.0
_NEARLY_ALL, _MOST = 0.95, 0.9
_LEAST_BITS = 0.05  # that values must tell of their template, above chance
_SHUFFLES = 2_000
_SHOWN = 15
# Said around a request, whatever is wanted.
CARRIERS = frozenset({
    "a", "an", "can", "could", "i", "i'd", "just", "like", "me", "my", "need", "please", "thank",
    "thanks", "the", "want", "will", "would", "you",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeakageWarning:
    """A warning in plain words; `bits` a clip that its cause tells."""

    text: str
    bits: float


@dataclass(frozen=True, slots=True)
class Predictor:
    """A word, or `slot: value`: the intent that it tells of most, and how many of the sentences
    that say it are that intent's. `p` is corrected for all tests.
    """

    name: str
    intent: str
    rows: int
    of_rows: int
    bits: float
    p: float


@dataclass(frozen=True, slots=True)
class LabelLeakage:
    """`num_rows` of `total` clips with an intent were looked at, and `num_tests` made;
    `intent_bits` a clip is all there is to tell, 0 where there is but one intent.
    """

    warnings: tuple[LeakageWarning, ...]
    predictors: tuple[Predictor, ...]
    num_rows: int
    total: int
    num_tests: int
    intent_bits: float


class _Family(NamedTuple):
    """A family of tests: their p-values, and what they find after correction."""

    p: np.ndarray
    warnings: Callable[[np.ndarray], Iterator[LeakageWarning]]
    predictors: Callable[[np.ndarray], Iterator[Predictor]] = lambda _: iter(())


def find_label_leakage(rows: Collection[Mapping[str, Any]], seed: int) -> LabelLeakage:
    """What predicts the intents of a dataset's rows, which need `labelled_rows.COLUMNS`.

    Takes a bounded time: many rows are sampled by `seed`.
    """
    data = labelled_rows(rows, seed)
    if len(data.names) < 2:
        return LabelLeakage((), (), len(data.rows), data.total, 0, 0.0)
    families = list(_families(data, seed))
    corrected = holm(np.concatenate([family.p for family in families]).tolist())
    parts = np.split(corrected, np.cumsum([len(family.p) for family in families])[:-1])
    found = list(zip(families, parts, strict=True))
    warnings = [*_single_templates(data), *(x for family, p in found for x in family.warnings(p))]
    listed = [x for family, p in found for x in family.predictors(p)]
    return LabelLeakage(
        warnings=tuple(sorted(warnings, key=lambda warning: -warning.bits)),
        predictors=tuple(sorted(listed, key=lambda predictor: -predictor.bits)[:_SHOWN]),
        num_rows=len(data.rows),
        total=data.total,
        num_tests=len(corrected),
        intent_bits=mutual_information(np.diag(np.bincount(data.intents))),
    )


def _families(data: LabelledRows, seed: int) -> Iterator[_Family]:
    yield _words(data)
    for column in ("speaker", "accent"):
        yield from _voices(data, column, rng_for(seed, "accidents", column))
    for slot, held in data.slots().items():
        yield from _values(data, slot, held)
        if slot != CARRIER:  # grammar ties carriers to templates: `can you` asks
            yield from _templates(data, slot, held, rng_for(seed, "accidents", slot))


def _words(data: LabelledRows) -> _Family:
    """Words outside slots: those an intent cannot do without, and carriers with one intent."""
    held = data.words().at_least(_LEAST_ROWS)
    tests = label_tests(held, data.distinct, data.intents)
    by_intent = np.bincount(data.intents[data.distinct], minlength=len(data.names))

    def warnings(p: np.ndarray) -> Iterator[LeakageWarning]:
        alone = tests.counts >= _NEARLY_ALL * tests.sizes[:, None]
        telling = (p.reshape(tests.counts.shape) < ALPHA) & alone
        needed = telling & (tests.counts >= _MOST * by_intent)
        carriers = telling & np.isin(held.names, list(CARRIERS))[:, None] & ~needed
        for intent, name in enumerate(data.names):
            for which, text_of in ((needed, bound_intent), (carriers, lone_carriers)):
                words = sorted(np.flatnonzero(which[:, intent]), key=lambda x: -tests.bits[x])
                if words:
                    phrase = [held.names[word] for word in words]
                    cell = tests.cell(int(words[0]), intent)
                    text = text_of(name, phrase, cell, int(by_intent[intent]))
                    yield LeakageWarning(text, float(tests.bits[words[0]]))

    def predictors(p: np.ndarray) -> Iterator[Predictor]:
        return _predictors(held.names, tests, p, data.names, 1.0)

    return _Family(tests.p_more.reshape(-1), warnings, predictors)


def _values(data: LabelledRows, slot: str, held: Holdings) -> Iterator[_Family]:
    """Values of a slot that several intents have, and of which they have not the same ones."""
    population = np.unique(held.rows)
    held = held.at_least(_LEAST_ROWS)
    if len(np.unique(data.intents[population])) < 2 or not held.names:
        return
    tests = label_tests(held, population, data.intents)
    share = len(population) / len(data.distinct)

    def warnings(p: np.ndarray) -> Iterator[LeakageWarning]:
        more, none = p.reshape(2, *tests.counts.shape)
        only = (more < ALPHA) & (tests.counts >= _NEARLY_ALL * tests.sizes[:, None])
        never = (none < ALPHA) & (tests.counts == 0) & (tests.expected >= _LEAST_EXPECTED)
        tied = np.flatnonzero((only | never).any(axis=1))
        if not len(tied):
            return
        first, *others = sorted(tied, key=lambda value: -tests.bits[value])
        intents = only if only[first].any() else never
        intent = int(np.where(intents[first], tests.expected[first], -1.0).argmax())
        cell, names = tests.cell(int(first), intent), [held.names[value] for value in others]
        text = tied_values(slot, held.names[first], data.names[intent], cell, names)
        yield LeakageWarning(text, _joint_bits(tests, tied, population, data.intents) * share)

    def predictors(p: np.ndarray) -> Iterator[Predictor]:
        names = [f"{slot}: {value}" for value in held.names]
        return _predictors(names, tests, p[: tests.counts.size], data.names, share)

    p = np.concatenate([tests.p_more.reshape(-1), tests.p_none.reshape(-1)])
    yield _Family(p, warnings, predictors)


def _templates(
    data: LabelledRows, slot: str, held: Holdings, rng: np.random.Generator
) -> Iterator[_Family]:
    """Whether a slot's values predict the template, among an intent's templates that have it."""
    held = held.at_least(_LEAST_ROWS)
    rows, first = np.unique(held.rows, return_index=True)
    if not len(rows):
        return
    values, templates = held.things[first], data.codes("template")[rows]
    tables = tables_by_stratum(values, templates, data.intents[rows])
    if not tables:
        return
    test = mutual_information_test(tables, rng, _SHUFFLES)

    def warnings(p: np.ndarray) -> Iterator[LeakageWarning]:
        if p[0] >= ALPHA or test.excess < _LEAST_BITS:
            return
        table = contingency_table(values, templates)
        value, template, cell = strongest_cell(table[:, table.any(axis=0)])
        name = data.rows[rows[templates == np.unique(templates)[template]][0]]["template"]
        share = sum(int(table.sum()) for table in tables) / len(data.distinct)
        text = told_template(slot, held.names[value], name, cell, test.excess)
        yield LeakageWarning(text, test.excess * share)

    yield _Family(np.array([test.p]), warnings)


def _voices(data: LabelledRows, column: str, rng: np.random.Generator) -> Iterator[_Family]:
    """Whether the speaker or the accent predicts the intent."""
    codes = data.codes(column)
    table = contingency_table(codes, data.intents)
    if min(table.shape) < 2:
        return
    test = mutual_information_test([table], rng, _SHUFFLES)

    def warnings(p: np.ndarray) -> Iterator[LeakageWarning]:
        if p[0] < ALPHA:
            voice, intent, cell = strongest_cell(table)
            name = data.rows[int(np.flatnonzero(codes == voice)[0])][column]
            text = told_by_voice(column, name, data.names[intent], cell, test.excess)
            yield LeakageWarning(text, test.excess)

    yield _Family(np.array([test.p]), warnings)


def _single_templates(data: LabelledRows) -> Iterator[LeakageWarning]:
    """Intents of which all sentences come from one template; not where all intents are so."""
    rows = [
        data.rows[index] for index in data.distinct if data.rows[index]["source"] == "templates"
    ]
    templates = {
        name: {row["template"] for row in rows if row["intent"] == name} for name in data.names
    }
    if all(len(of_intent) < 2 for of_intent in templates.values()):
        return
    for name, of_intent in templates.items():
        num_rows = sum(1 for row in rows if row["intent"] == name)
        if len(of_intent) == 1 and num_rows >= _LEAST_ROWS:
            halves = np.array([num_rows, len(rows) - num_rows])
            text = single_template(name, next(iter(of_intent)), num_rows)
            yield LeakageWarning(text, mutual_information(np.diag(halves)))


def _predictors(
    names: Sequence[str], tests: LabelTests, p: np.ndarray, intents: Sequence[str], share: float
) -> Iterator[Predictor]:
    """The significant predictors, each with the intent that it predicts furthest above chance."""
    best = p.reshape(tests.counts.shape)
    for thing, name in enumerate(names):
        intent = int(np.argmin(tests.p_more[thing]))
        if best[thing, intent] < ALPHA:
            cell = tests.cell(thing, intent)
            bits, chance = float(tests.bits[thing]) * share, float(best[thing, intent])
            yield Predictor(name, intents[intent], cell.rows, cell.of_rows, bits, chance)


def _joint_bits(
    tests: LabelTests, things: np.ndarray, population: np.ndarray, labels: np.ndarray
) -> float:
    """Joint information of these predictors, in bits a row; rows without any count as one value."""
    by_label = np.bincount(labels[population], minlength=tests.counts.shape[1])
    chosen = tests.counts[things]
    return mutual_information(np.vstack([chosen, np.maximum(by_label - chosen.sum(axis=0), 0)]))
