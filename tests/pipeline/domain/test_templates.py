"""Lines of a template file become sentences, and nothing else."""

from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.domain.slots.vocabulary import Entry, Vocabulary, vocabulary_of
from pipeline.domain.templates import Template, read_templates, tidy

CITIES = [
    Entry("Paris", line=1, tags=frozenset({"capital"}), parts={"country": "France"}),
    Entry("Lyon", line=2, parts={"country": "France"}),
    Entry("Rome", line=3, tags=frozenset({"capital"}), parts={"country": "Italy"}),
]
VOCABULARIES = {
    "city": vocabulary_of("city", CITIES),
    "day": vocabulary_of("day", [Entry("today"), Entry("Monday")]),
    "time": vocabulary_of("time", [Entry("7 a.m.")]),
}


def template(line: str) -> Template:
    return Template(line, "x.j2:1", VOCABULARIES)


def last(vocabulary: Vocabulary) -> str:
    return vocabulary[len(vocabulary) - 1]


def texts(line: str) -> list[str]:
    return [rendered.text for rendered in template(line).all_renderings()]


def test_a_slot_is_drawn_and_told() -> None:
    rendered = template("Wake me in {{ city }} {{ day }}.").render(last)
    assert rendered.text == "Wake me in Rome Monday."
    assert [(slot.name, slot.value) for slot in rendered.slots] == [
        ("city", "Rome"),
        ("day", "Monday"),
    ]


def test_every_reading_is_a_draw_and_a_set_keeps_one() -> None:
    assert len(texts("{{ city }} or {{ city }}")) == 9
    kept = texts("{% set where = city %}{{ where }} or {{ where }}")
    assert kept == ["Paris or Paris", "Lyon or Lyon", "Rome or Rome"]


def test_a_part_belongs_to_the_value_that_was_kept() -> None:
    line = "{% set where = city %}{{ where }} in {{ where.country }}"
    assert texts(line) == ["Paris in France", "Lyon in France", "Rome in Italy"]
    slots = template(line).render(last).slots
    assert {(slot.name, slot.value) for slot in slots} == {
        ("city", "Rome"),
        ("city.country", "Italy"),
    }


def test_tags_narrow_what_is_drawn() -> None:
    line = template('To {{ city|tagged("capital") }}')
    assert [rendered.text for rendered in line.all_renderings()] == ["To Paris", "To Rome"]
    assert [len(vocabulary) for vocabulary in line.vocabularies] == [2]


def test_a_value_that_only_a_condition_read_is_no_slot_of_the_sentence() -> None:
    line = '{% if day == "today" %}Now.{% else %}Later.{% endif %}'
    assert texts(line) == ["Now.", "Later."]
    assert template(line).render(last).slots == ()


@pytest.mark.parametrize(
    ("line", "text", "values"),
    [
        ('{% if day == "Monday" %}A Romeo in {{ city }}.{% endif %}', "A Romeo in Rome.", ["Rome"]),
        ('{% set x = day %}{% if x == "Monday" %}Mondays.{% endif %}', "Mondays.", []),
        ("{% set x = day %}On {{ x }}s.", "On Mondays.", ["Monday"]),
        ("{% set x = day %}On {{ x|lower }}s.", "On mondays.", ["Monday"]),
        ("{% set x = city %}{{ x.country|upper }}!", "ITALY!", ["Italy"]),
        ('{% if day == "Monday" %}On Monday.{% endif %}', "On Monday.", ["Monday"]),
    ],
)
def test_slots_are_those_that_are_written_and_not_parts_of_other_words(
    line: str, text: str, values: list[str]
) -> None:
    rendered = template(line).render(last)
    assert rendered.text == text
    assert [slot.value for slot in rendered.slots] == values


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Hello.", 1),
        ("{{ city }} {{ day }}", 6),
        ('{{ city }}{% if day == "today" %}!{% endif %}', 6),
    ],
)
def test_max_renderings_is_a_bound_of_what_is_listed(line: str, number: int) -> None:
    assert len(texts(line)) == template(line).max_renderings == number


def test_spaces_are_single_and_a_sentence_ends_once() -> None:
    assert template("Wake  me at {{ time }}.").render(last).text == "Wake me at 7 a.m."
    assert tidy("  So... wait.. ") == "So... wait."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{{ town }}", "x.j2:1: undefined slot `town`; there are: city, day, time"),
        ("{% set city = day %}{{ city }}", "`city` is a slot already"),
        ("{{ city.country }}", "may not reach into Python objects"),
        ("{% set c = city %}{{ c.river }}", "has no part `river`; parts in its lexicon: country"),
        ('{{ city|tagged("port") }}', "no value of the slot `city` is tagged `port`"),
        ("{{ city|tagged(day) }}", "`tagged` is written"),
        ("{% for x in city %}{{ x }}{% endfor %}", "x.j2:1: "),
        ("{{ city.__class__ }}", "x.j2:1: "),
        ("{{ city", "x.j2:1: "),
    ],
)
def test_what_is_no_template_names_its_line(line: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        template(line)
    assert message in str(caught.value)


def test_a_file_has_a_template_a_line(tmp_path: Path) -> None:
    path = tmp_path / "go.j2"
    path.write_text("# where to\n\nGo to {{ city }}.\n  Fly to {{ city }}.\n")
    found = read_templates(path, VOCABULARIES)
    assert list(found) == [3, 4]
    assert found[4].location == f"{path}:4"
    path.write_text("# nothing\n")
    with pytest.raises(DataError, match=r"go\.j2:1: no template in this file"):
        read_templates(path, VOCABULARIES)
