"""Planted gaps: every one is found, counted and given its reason."""

import pickle
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pytest
from jinja2 import Environment, FileSystemLoader

from models.config import as_mapping
from models.phonology.phonemes import Phonemizer
from pipeline.coverage.count import CountedRow, evenness
from pipeline.coverage.figures import CoverageFigures, counter_of, figures_of
from pipeline.coverage.gaps import FILTERED, NO_MORE, NO_SOUND, NO_TEMPLATE, NOT_REACHED
from pipeline.coverage.gaps import SAID_OTHERWISE as OTHERWISE
from pipeline.records import Sentence
from pipeline.sentences.covering.covering import CoverageConfig
from pipeline.sentences.drawing.sentence_filter import FilterConfig
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.sentences.own.own_sentences import OwnFile
from pipeline.text.pronunciations import Lexicon
from pipeline.text.spoken import TextConfig
from tests.pipeline.sentences.drawing.test_sampling import tiny

T = TypeVar("T")
PARTIAL = CoverageConfig(partial=True)


def figures(
    config: SentencesConfig, lost: str = "", stage: str = "augment", group: int = 1000
) -> CoverageFigures:
    """Of the sentences that the config makes, but for one with the text `lost`; so many of them at
    a time are counted by themselves.
    """
    rows = [row for row in generate(config, 1) if isinstance(row, Sentence)]
    phonemes = Phonemizer().phonemize([row.text for row in rows])
    counted = counter_of(config, TextConfig(), Lexicon())
    for some in batched(zip(rows, phonemes, strict=True), group):
        by_itself = counter_of(config, TextConfig(), Lexicon())
        for row, sounds in some:
            if row.text != lost:
                by_itself.add(CountedRow(row.id, row.template, row.slots, sounds))
        counted.include(pickle.loads(pickle.dumps(by_itself.tally())))
    rejected = {row.id: stage for row in rows if row.text == lost}
    return figures_of(counted, config, 1, rejected)


def batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    rows = iter(rows)
    while some := list(islice(rows, size)):
        yield some


def parts(found: CoverageFigures) -> dict[str, tuple[int, int]]:
    return {part.kind: (part.said, part.possible) for part in found.parts}


def gaps(found: CoverageFigures, kind: str) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {gap.why: (gap.count, gap.examples) for gap in found.gaps if gap.kind == kind}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    lexicons = {"a": "ham\nrye\nsoy\n", "b": "ale\ntea\n", "never": "salt\n"}
    return tiny(tmp_path, "{{ a }} and {{ b }}.\nSome {{ b }}.\nSome tea.\n", **lexicons)


def test_all_is_covered_but_what_cannot_be(shop: Path) -> None:
    found = figures(SentencesConfig(shop, 8, "coverage"))
    assert parts(found)["templates"] == (2, 3)
    assert gaps(found, "templates")[OTHERWISE][0] == 1  # one of the two that say "Some tea."
    assert parts(found)["slot values"] == (5, 6)
    assert gaps(found, "slot values") == {NO_TEMPLATE: (1, ("never: salt",))}
    assert parts(found)["pairs of slot values"] == (6, 6)
    assert gaps(found, "phones")[NO_SOUND][0] > 5


def test_too_few_sentences(shop: Path) -> None:
    found = figures(SentencesConfig(shop, 4, "coverage", coverage=PARTIAL))
    said, possible = parts(found)["pairs of slot values"]
    assert possible == 6
    assert gaps(found, "pairs of slot values")[NOT_REACHED][0] == 6 - said > 0


def test_a_filter_that_removes_a_value(shop: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked.txt"
    blocked.write_text("rye\n")
    found = figures(SentencesConfig(shop, 6, "coverage", filter=FilterConfig(blocklist=blocked)))
    assert gaps(found, "slot values")[FILTERED] == (1, ("a: rye",))
    assert gaps(found, "pairs of slot values") == {
        FILTERED: (2, ("greet:1: rye + ale", "greet:1: rye + tea"))
    }


def test_a_clip_that_was_rejected_later(shop: Path) -> None:
    found = figures(SentencesConfig(shop, 8, "coverage"), lost="soy and ale.")
    why = "its sentences were rejected (augment)"
    assert gaps(found, "pairs of slot values") == {why: (1, ("greet:1: soy + ale",))}


def test_at_least_twice_where_there_is_one(shop: Path) -> None:
    twice = CoverageConfig(at_least=2, partial=True)
    found = figures(SentencesConfig(shop, 8, "coverage", coverage=twice))
    assert parts(found)["pairs of slot values"] == (0, 6)
    assert gaps(found, "pairs of slot values")[NO_MORE][0] == 6


def test_conditions_and_threes(tmp_path: Path) -> None:
    line = "{% set x = a %}{% if x == 'ham' %}Hot{% else %}Cold{% endif %} {{ x }} {{ b }} {{ c }}."
    folder = tiny(tmp_path, line, a="ham\nrye\n", b="ale\ntea\n", c="now\nlater\n")
    three = CoverageConfig(t=3, partial=True)
    found = figures(SentencesConfig(folder, 5, "coverage", coverage=three))
    assert parts(found)["triples of slot values"] == (5, 8)
    assert gaps(found, "triples of slot values")[NOT_REACHED][0] == 3


def test_rows_counted_in_groups_are_counted_as_in_one(shop: Path) -> None:
    (shop / "templates" / "if.j2").write_text("{% if b == 'tea' %}Hot {% endif %}{{ b }} now.\n")
    config = SentencesConfig(shop, 9)
    assert figures(config, group=2) == figures(config)


def test_without_a_domain_there_are_sounds_alone() -> None:
    config = SentencesConfig(None, 1, files=(OwnFile(Path("own.txt"), share=1.0),))
    counted = counter_of(config, TextConfig(), Lexicon())
    counted.add(CountedRow("x", "own.txt:1", (), "^ h ə l ˈoʊ ."))
    found = figures_of(counted, config, 1, {})
    assert [part.kind for part in found.parts] == ["phones"]
    assert found.parts[0].said == 4


def test_evenness() -> None:
    assert evenness([5, 5, 5, 5], 4) == pytest.approx(1)
    assert evenness([5, 5], 4) == pytest.approx(0.5)
    assert evenness([7, 0, 0], 3) == 0
    assert evenness([], 3) == 0


def test_the_page_shows_what_is_missing_and_why(shop: Path) -> None:
    found = figures(SentencesConfig(shop, 8, "coverage"))
    pages = Environment(loader=FileSystemLoader("pipeline/report"), autoescape=True)
    page = pages.get_template("report_coverage.html.j2").render(
        build={"coverage": {"figures": as_mapping(found)}}
    )
    assert "6 of 6" in page
    assert NO_TEMPLATE in page
    assert "never: salt" in page
    assert (
        pages.get_template("report_coverage.html.j2").render(build={"coverage": {}}).strip() == ""
    )
