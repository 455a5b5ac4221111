"""Which tuples of values rows hold, and counts of some rows added to those of others."""

from pathlib import Path

import pytest

from pipeline.coverage.count import CountedRow, CoverageCount, IdSet, TemplateCount
from pipeline.domain.domains import Domain, read_domain
from pipeline.records import Slot
from pipeline.text.pronunciations import Lexicon
from tests.pipeline.sentences.drawing.test_sampling import tiny

HAM_ALE = (Slot("a", "ham"), Slot("b", "ale"))


@pytest.fixture
def shop(tmp_path: Path) -> Domain:
    lexicons = {"a": "ham\nrye\nsoy\n", "b": "ale\ntea\n"}
    return read_domain(tiny(tmp_path, "{{ a }} and {{ b }} at {{ time }}.\n", **lexicons))


def counted(domain: Domain) -> CoverageCount:
    return CoverageCount(domain, ["en-us"], Lexicon(), t=2)


def row(name: str, slots: tuple[Slot, ...], template: str) -> CountedRow:
    return CountedRow(name, template, slots, "h æ m | æ n d | eɪ l")


def test_a_set_of_ids_holds_what_was_added_to_either() -> None:
    first, second = IdSet(), IdSet()
    first.add("a")
    assert "a" in first
    second.add("b")
    first.update(second)
    assert [name in first for name in "abc"] == [True, True, False]


def test_tuples_are_of_listed_values_alone(shop: Domain) -> None:
    (template,) = shop.named_templates().values()
    count = TemplateCount(template, shop, t=2)
    assert count.num_possible == 6
    time = Slot("time", "7 am")
    for slots in (HAM_ALE, HAM_ALE, (Slot("a", "ham"), Slot("b", "beer")), (Slot("b", "tea"),)):
        count.add((*slots, time))
    assert count.rows == 4
    assert [count.num_covered(at_least) for at_least in (1, 2, 3)] == [1, 1, 0]


def test_values_with_markup_are_counted_as_rows_have_them(tmp_path: Path) -> None:
    places = "[Worcester](/W UH1 S T ER0/)\nOslo\n"
    folder = tiny(tmp_path, "To {{ a }} by {{ b }}.", a=places, b="car\n")
    count = counted(read_domain(folder))
    (name,) = count.templates
    count.add(row("r", (Slot("a", "Worcester"), Slot("b", "car")), name))
    assert count.values["a"] == {"Worcester": 1, "Oslo": 0}
    assert count.templates[name].num_covered(1) == 1


def test_rows_counted_apart_add_up(shop: Domain) -> None:
    (name,) = shop.named_templates()
    time = Slot("time", "7 am")
    whole, first, second = (counted(shop) for _ in range(3))
    for number, part in enumerate((first, second, first)):
        slots = (Slot("a", ("ham", "rye", "ham")[number]), Slot("b", "ale"), time)
        for count in (whole, part):
            count.add(row(f"r{number}", slots, name))
    first.include(second.tally())
    assert first.num_rows == whole.num_rows == 3
    assert first.values == whole.values
    assert (first.phones, first.diphones) == (whole.phones, whole.diphones)
    assert "r1" in first.ids
    for at_least in (1, 2):
        one, other = (count.templates[name].num_covered(at_least) for count in (first, whole))
        assert one == other == (2 if at_least == 1 else 1)
