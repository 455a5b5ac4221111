"""Coverage of a dataset: what its rows cover of the domain, what is missing, and why."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from models.phonology.foreign_accents import parse_accent
from pipeline.coverage.count import CountedRow, CoverageCount, Tally, evenness
from pipeline.coverage.gaps import NO_SOUND, RUN_TOGETHER, TOO_MANY, Gap, GapFinder, gaps_of
from pipeline.dataset.manifest import read_part
from pipeline.dataset.marks import STAGE
from pipeline.dataset.pieces import Each, in_groups, one_by_one
from pipeline.domain.domains import read_domain
from pipeline.records import Slot
from pipeline.sentences.drawing.sentence_filter import SentenceFilter
from pipeline.sentences.generate import SentencesConfig
from pipeline.text.pronunciations import Lexicon
from pipeline.text.spoken import TextConfig

_COLUMNS = ("id", "template", "slots", "phonemes")
_GROUPS = {1: "values by template", 2: "pairs of slot values", 3: "triples of slot values"}


@dataclass(frozen=True, slots=True)
class Part:
    """How many things of a kind are covered, and how many there are."""

    kind: str
    said: int
    possible: int


@dataclass(frozen=True, slots=True)
class CoverageFigures:
    """Coverage of `rows` rows: groups are of `t` values, all wanted `at_least` times.

    `beyond` counts diphones that were said though no template or listed value holds them: they
    come from slots made by rule, other sources and running speech. Evenness is the entropy as a
    share of the largest there could be.
    """

    rows: int
    t: int
    at_least: int
    parts: tuple[Part, ...]
    gaps: tuple[Gap, ...]
    beyond: int
    phone_evenness: float
    diphone_evenness: float


def coverage_of_build(
    sentences: SentencesConfig,
    text: TextConfig,
    seed: int,
    lexicon: Lexicon,
    parts: Sequence[Path],
    rejected: Mapping[str, str],
    marks: Collection[str] = (),
    each: Each = one_by_one,
) -> CoverageFigures:
    """The coverage of a build's rows, in its manifest's `parts`; `each` runs the work on groups of
    them. `rejected` gives the stage of what may be missing for it, by id; `marks` are the ids of
    rows that were marked bad.
    """
    counted = counter_of(sentences, text, lexicon)
    for tally in each(partial(_tally_of, sentences, marks), in_groups(parts)):
        counted.include(tally)
    missing = {**rejected, **dict.fromkeys(marks, STAGE)}
    return figures_of(counted, sentences, seed, missing)


def _tally_of(sentences: SentencesConfig, marks: Collection[str], parts: Iterable[Path]) -> Tally:
    domain = None if sentences.domain is None else read_domain(sentences.domain)
    counted = CoverageCount(domain, (), Lexicon(), sentences.coverage.t)
    for path in parts:
        for row in read_part(path, _COLUMNS):
            if row["id"] not in marks:
                counted.add(counted_row(row))
    return counted.tally()


def counted_row(row: Mapping[str, Any]) -> CountedRow:
    """A row of the dataset as coverage sees it."""
    slots = tuple(Slot(slot["name"], slot["value"]) for slot in row["slots"])
    return CountedRow(row["id"], row["template"], slots, row["phonemes"])


def counter_of(sentences: SentencesConfig, text: TextConfig, lexicon: Lexicon) -> CoverageCount:
    """Counts that start at zero, for the domain and the accents of a build."""
    domain = None if sentences.domain is None else read_domain(sentences.domain)
    accents = sorted({parse_accent(accent).native for accent in text.used_accents})
    return CoverageCount(domain, accents, lexicon, sentences.coverage.t)


def figures_of(
    counted: CoverageCount, sentences: SentencesConfig, seed: int, rejected: Mapping[str, str]
) -> CoverageFigures:
    """What was counted, and why the rest is missing. `rejected` gives the stage by id."""
    at_least = sentences.coverage.at_least if sentences.strategy == "coverage" else 1
    t = sentences.coverage.t
    gaps = list(_sound_gaps(counted))
    if counted.domain is not None:
        finder = GapFinder(counted, seed, SentenceFilter(sentences.filter), rejected)
        gaps = [
            *gaps_of("templates", finder.of_templates(at_least)),
            *gaps_of("slot values", finder.of_values(at_least)),
            *gaps_of(groups_called(t), finder.of_tuples(at_least)),
            *gaps_of(groups_called(t), _uncounted(counted)),
            *gaps,
        ]
    phones, diphones = possible_phones(counted), counted.possible.diphones
    return CoverageFigures(
        rows=counted.num_rows,
        t=t,
        at_least=at_least,
        parts=tuple(parts_of(counted, t, at_least)),
        gaps=tuple(gaps),
        beyond=sum(diphone not in diphones for diphone in counted.diphones),
        phone_evenness=evenness(counted.phones.values(), len(phones | counted.phones.keys())),
        diphone_evenness=evenness(
            counted.diphones.values(), len(diphones | counted.diphones.keys())
        ),
    )


def groups_called(t: int) -> str:
    return _GROUPS.get(t, f"groups of {t} slot values")


def possible_phones(counted: CoverageCount) -> frozenset[str]:
    """Those of the accents, and those of the domain: a lexicon may have others."""
    return counted.inventory | counted.possible.phones


def parts_of(counted: CoverageCount, t: int, at_least: int) -> Iterator[Part]:
    """Coverage, kind by kind; kinds without a member are left out."""
    templates, values = counted.templates.values(), counted.values.values()
    phones, diphones = possible_phones(counted), counted.possible.diphones
    parts = [
        Part("templates", sum(one.rows >= at_least for one in templates), len(templates)),
        Part(
            "slot values",
            sum(count >= at_least for counts in values for count in counts.values()),
            sum(map(len, values)),
        ),
        Part(
            groups_called(t),
            sum(one.num_covered(at_least) for one in templates),
            sum(one.num_possible for one in templates),
        ),
        Part("phones", sum(phone in counted.phones for phone in phones), len(phones)),
        Part("diphones", sum(one in counted.diphones for one in diphones), len(diphones)),
    ]
    yield from (part for part in parts if part.possible)


def _uncounted(counted: CoverageCount) -> Iterator[tuple[str, str]]:
    for name, template in counted.templates.items():
        if template.too_many:
            yield name, TOO_MANY


def _sound_gaps(counted: CoverageCount) -> Iterator[Gap]:
    phones = sorted(possible_phones(counted) - counted.phones.keys())
    known = counted.possible.phones if counted.domain else frozenset(phones)
    reasons = [(phone, RUN_TOGETHER if phone in known else NO_SOUND) for phone in phones]
    yield from gaps_of("phones", iter(reasons))
    diphones = sorted(counted.possible.diphones - counted.diphones.keys())
    yield from gaps_of("diphones", (("-".join(pair), RUN_TOGETHER) for pair in diphones))
