from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.domain.domains import read_domain
from pipeline.records import Sentence, Slot
from pipeline.sentences.covering.covering import CoverageConfig
from pipeline.sentences.drawing.sampling import Strategy
from pipeline.sentences.drawing.sentence_filter import FilterConfig
from pipeline.sentences.drawing.split_plan import plan_splits
from pipeline.sentences.generate import (
    SentencesConfig,
    check_sentences,
    describe_domain,
    generate,
    sentences_digest,
)

ASSISTANT = Path("prompts/voice_assistant")


def domain(tmp_path: Path, **files: str) -> Path:
    """A domain `tiny`; `greet="..."` is a template file, `lexicon_city="..."` a lexicon."""
    folder = tmp_path / "tiny"
    (folder / "templates").mkdir(parents=True)
    (folder / "lexicons").mkdir()
    for name, text in files.items():
        if name.startswith("lexicon_"):
            path = folder / "lexicons" / f"{name.removeprefix('lexicon_')}.txt"
        else:
            path = folder / "templates" / f"{name}.j2"
        path.write_text(text, encoding="utf-8")
    return folder


def drawn(config: SentencesConfig, seed: int = 1) -> list[Sentence]:
    return [row for row in generate(config, seed) if isinstance(row, Sentence)]


def test_same_seed_same_sentences_other_seed_others() -> None:
    config = SentencesConfig(ASSISTANT, 200)
    assert drawn(config, 1) == drawn(config, 1)
    assert {row.text for row in drawn(config, 1)} != {row.text for row in drawn(config, 2)}


def test_more_sentences_begin_with_the_fewer() -> None:
    assert drawn(SentencesConfig(ASSISTANT, 300))[:50] == drawn(SentencesConfig(ASSISTANT, 50))


def test_texts_and_ids_are_distinct() -> None:
    rows = drawn(SentencesConfig(ASSISTANT, 3000))
    assert len({row.text for row in rows}) == len({row.id for row in rows}) == 3000
    assert all(row.id.startswith("voice_assistant-") for row in rows)


def test_every_sentence_is_said_as_often_as_there_are_repetitions(tmp_path: Path) -> None:
    folder = domain(tmp_path, say="yes\nno\nperhaps\n")
    rows = drawn(SentencesConfig(folder, 3, repetitions=4))
    assert Counter(row.text for row in rows) == {"yes": 4, "no": 4, "perhaps": 4}
    assert len({row.id for row in rows}) == SentencesConfig(folder, 3, repetitions=4).num_rows == 12
    assert drawn(SentencesConfig(folder, 3)) == rows[::4]  # the first ones are a build of one each


@pytest.mark.parametrize("strategy", ["random", "weighted", "zipf", "coverage"])
def test_a_filter_that_leaves_nothing_is_told_before_any_work(strategy: Strategy) -> None:
    config = SentencesConfig(ASSISTANT, 4, strategy, filter=FilterConfig(min_words=100))
    told = r"sentences\.filter drops all of 20,000 .* sentences\.filter\.min_words is 100: .*"
    with pytest.raises(DataError, match=told):
        check_sentences(config)


def test_each_reason_of_a_filter_that_leaves_nothing_is_named(tmp_path: Path) -> None:
    folder = domain(tmp_path, say="yes\nno thanks to you\n")
    config = SentencesConfig(folder, 1, filter=FilterConfig(min_words=2, max_words=3))
    with pytest.raises(DataError, match=r"all of 2 .*(too short.*too long|too long.*too short)"):
        check_sentences(config)


def test_a_filter_that_leaves_something_passes(tmp_path: Path) -> None:
    folder = domain(tmp_path, say="yes\nno thanks to you\n")
    check_sentences(SentencesConfig(folder, 1, filter=FilterConfig(min_words=2)))


def test_repetitions_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="repetitions: 0 is not allowed"):
        build(SentencesConfig, {"domain": None, "count": 1, "repetitions": 0}, "build.yaml")


def test_the_former_key_is_refused_and_names_the_present_one() -> None:
    with pytest.raises(ConfigError, match=r"takes: unknown key \(it is called repetitions now\)"):
        build(SentencesConfig, {"domain": None, "count": 1, "takes": 4}, "build.yaml")


def test_rows_lead_back_to_template_and_slots() -> None:
    for row in drawn(SentencesConfig(ASSISTANT, 300)):
        intent, line = row.template.split(":")
        assert intent == row.intent
        template = (
            (ASSISTANT / "templates" / f"{intent}.j2").read_text().splitlines()[int(line) - 1]
        )
        assert template.count("{{") == len(row.slots)
        assert all(slot.value.rstrip(".").lower() in row.text.lower() for slot in row.slots)


def test_intents_come_up_equally_often() -> None:
    rows = drawn(SentencesConfig(ASSISTANT, 1800))
    counts = Counter(row.intent for row in rows)
    assert len(counts) >= 12
    assert min(counts.values()) > 60


def test_every_distinct_sentence_can_be_had(tmp_path: Path) -> None:
    folder = domain(
        tmp_path,
        greet="Hello {{ name }}.\nHello {{ name }} and {{ name }}.\nHello Bo.\n",
        lexicon_name="Al | 1000\nBo\nCy | 0.01\n",
    )
    rows = drawn(SentencesConfig(folder, 12))
    assert len({row.text for row in rows}) == 12
    assert rows[0].slots == () or rows[0].slots[0].name == "name"


def test_too_many_sentences_says_how_many_there_are(tmp_path: Path) -> None:
    folder = domain(
        tmp_path,
        # 3 and 9 sentences, and one that the first line makes as well
        greet="Hello {{ name }}.\nHello {{ name }} and {{ name }}.\nHello Bo.\n",
        lexicon_name="Al\nBo\nCy\n",
    )
    check_sentences(SentencesConfig(folder, 12))
    with pytest.raises(DataError, match=r"13 sentences asked for.*only 12 distinct"):
        check_sentences(SentencesConfig(folder, 13))
    with pytest.raises(DataError, match="only 12 new ones exist"):
        drawn(SentencesConfig(folder, 13))


@pytest.mark.parametrize("strategy", ["weighted", "coverage"])
def test_sentences_are_counted_and_filtered_without_their_markup(
    tmp_path: Path, strategy: Strategy
) -> None:
    folder = domain(tmp_path, call="Wait. <break 1s> Call {{ name }}.\n", lexicon_name="Al\nBo\n")
    short = FilterConfig(max_words=3, max_characters=14)
    config = SentencesConfig(folder, 2, strategy=strategy, filter=short)
    check_sentences(config)
    assert {row.text for row in drawn(config)} == {"Wait. Call Al.", "Wait. Call Bo."}


def test_what_differs_in_markup_alone_is_one_sentence(tmp_path: Path) -> None:
    folder = domain(tmp_path, read="I [read](past) it.\nI [read](verb) it.\n")
    with pytest.raises(DataError, match="make only 1 distinct"):
        check_sentences(SentencesConfig(folder, 2))
    (folder / "templates" / "read.j2").write_text(
        '{% if how == "past" %}We [read](past) it{% else %}We [read](verb) it{% endif %} {{ it }}.'
    )
    (folder / "lexicons" / "how.txt").write_text("past\nnow\n")
    (folder / "lexicons" / "it.txt").write_text("books\nmail\n")
    twice = SentencesConfig(folder, 2, strategy="coverage", coverage=CoverageConfig(at_least=2))
    with pytest.raises(DataError, match="there is 1 distinct sentence to say some of its slot"):
        check_sentences(twice)


def test_a_count_beyond_all_combinations_is_refused_without_counting(tmp_path: Path) -> None:
    values = "".join(f"value {number}\n" for number in range(950))
    lexicons = {f"lexicon_{slot}": values for slot in ("one", "two", "three")}
    folder = domain(tmp_path, say="{{ one }} {{ two }} {{ three }}\n", **lexicons)
    with pytest.raises(DataError, match=r"1000000000 sentences asked for.*make at most 857375000;"):
        check_sentences(SentencesConfig(folder, 10**9))
    with pytest.raises(ValueError, match="at most 1,000,000,000 rows"):
        SentencesConfig(folder, 10**9 + 1)


def test_conditions_are_counted_by_what_they_draw(tmp_path: Path) -> None:
    text = (
        '{% set who = name %}{% if who == "Al" %}Hi {{ who }}, {{ day }}?{% else %}No.{% endif %}'
    )
    folder = domain(tmp_path, greet=text, lexicon_name="Al\nBo\nCy\n", lexicon_day="Mo\nTu\n")
    rows = drawn(SentencesConfig(folder, 3))
    assert {row.text for row in rows} == {"Hi Al, Mo?", "Hi Al, Tu?", "No."}
    by_text = {row.text: row.slots for row in rows}
    assert by_text["Hi Al, Tu?"] == (Slot("name", "Al"), Slot("day", "Tu"))
    with pytest.raises(DataError, match="only 3 distinct"):
        check_sentences(SentencesConfig(folder, 4))


def test_full_stop_of_an_abbreviation_ends_the_sentence(tmp_path: Path) -> None:
    folder = domain(tmp_path, wake="At {{ when }}.\n", lexicon_when="7 a.m.\n")
    assert drawn(SentencesConfig(folder, 1))[0].text == "At 7 a.m."


def test_a_lexicon_wins_over_a_written_form(tmp_path: Path) -> None:
    folder = domain(tmp_path, wake="At {{ time }}.\n", lexicon_time="dawn\n")
    assert drawn(SentencesConfig(folder, 1))[0].text == "At dawn."
    assert "time" not in describe_domain(SentencesConfig(folder, 1)).open_slots


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Hello {{ name", "template syntax: unexpected end of template"),
        ("Hello {% if name %}", "template syntax"),
        ("Hello {{ nobody }}.", "undefined slot `nobody`; there are: address, "),
        ("{{ name.__class__ }}", "`.__class__`: templates may not reach into Python objects"),
        ("{% if 1 == 2 %}{{ ''.__class__ }}{% endif %}x", "may not reach into Python objects"),
        ("{{ name['__class__'] }}", "may not reach into Python objects"),
        ("{{ name|attr('__class__') }}", "unknown filter `attr`"),
        ("{{ name.format(1) }}", "`call` is not allowed"),
        ("{{ range(3) }}", "`call` is not allowed"),
        ("{% for x in [1, 2] %}again{% endfor %}", "`for` is not allowed"),
        ("{{ 'x' * 1000000000 }}", "`mul` is not allowed"),
        ("{% include 'other' %}", "`include` is not allowed"),
        ("{{ _draw_slot }}", "a slot's name may not begin with `_`"),
        ("{% set name = 1 %}{{ name }}", "`name` is a slot already"),
        ("{% if name == 'Al' %}{% set x = 1 %}{% endif %}{{ x }}", "UndefinedError: 'x'"),
        ("{# nothing #}", "empty sentence"),
        (
            "{% set a = [name, name] %}{% set a = [a, a] %}{{ a }}",
            "a list of values is allowed aft",
        ),
        ("{% set a, b = name %}{{ a }}", "a list of values is allowed after `in` alone"),
        ("{% if name in [[name]] %}x{% endif %}", "a list of values is allowed after `in` alone"),
        ("{% while true %}x{% endwhile %}", "unknown tag 'while'"),
        ("{% for i in range(10**9) %}x{% endfor %}", "`for` is not allowed"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "`macro` is not allowed"),
        ("{{ '%1000000000d' % 1 }}", "`mod` is not allowed"),
        ("{{ " + "(" * 4000 + "name" + ")" * 4000 + " }}", "nested too deeply"),
        ("{% if name %}" * 60 + "x" + "{% endif %}" * 60, "nested too deeply"),
        ("{{ name" + "|upper" * 1000 + " }}", "nested too deeply"),
        ("{{ " + "9" * 5000 + " }}", "a number too long"),
        ("{{ '" + "a" * 20_000 + "'|upper }}", "a template of 20,014 characters; at most 10,000"),
        ("{{ name }}" * 900, "900 slots in one template; at most 200"),
        ("Good \x00 day", r"the character '\x00' is not allowed in templates"),
        ("Good \udcff day", "cannot be read as templates: not UTF-8 text"),
    ],
)
def test_bad_template_is_named_to_the_line(tmp_path: Path, template: str, message: str) -> None:
    folder = domain(tmp_path, greet="Good day.\n", lexicon_name="Bo\nAl\n")
    text = f"# a comment\nGood day.\n\n{template}\n"
    (folder / "templates" / "greet.j2").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError) as error:
        check_sentences(SentencesConfig(folder, 2))
    assert str(error.value).startswith(f"{folder / 'templates' / 'greet.j2'}:4: ")
    assert message in str(error.value)


def test_conditions_that_say_one_thing_in_endless_ways_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sentences.drawing.sampling._MISSES_BEFORE_GIVING_UP", 1000)
    monkeypatch.setattr("pipeline.sentences.generate._TRIED_FOR_NOTHING", 1000)
    text = "{% if name == 'Al' %}a{% else %}a{% endif %}" * 30
    folder = domain(tmp_path, greet=f"Hi.\n{text}\n", lexicon_name="Bo\nAl\n")
    config = SentencesConfig(folder, 3)
    check_sentences(config)  # cannot tell in time
    with pytest.raises(DataError, match="only 2 new ones exist"):
        drawn(config)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Al\nB\xf6\n", r":2: cannot be read as a lexicon: not UTF-8 text"),
        (b"Al\nBo\nC\x07y\n", r":3: the character '\\x07' is not allowed in a lexicon"),
        (b"", r":1: the lexicon is empty"),
        (b"\xff\xfeA\x00l\x00", r":1: cannot be read as a lexicon: not UTF-8 text"),
    ],
)
def test_lexicons_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    folder = domain(tmp_path, greet="Hi {{ name }}.\n", lexicon_name="Al\n")
    (folder / "lexicons" / "name.txt").write_bytes(content)
    with pytest.raises(DataError, match=rf"name\.txt{message}"):
        check_sentences(SentencesConfig(folder, 1))


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such folder"):
        check_sentences(SentencesConfig(tmp_path / "nowhere", 1))
    folder = domain(tmp_path)
    with pytest.raises(DataError, match=r"templates: no template files"):
        check_sentences(SentencesConfig(folder, 1))
    (folder / "templates" / "greet.j2").write_text("# nothing yet\n")
    with pytest.raises(DataError, match=r"greet\.j2:1: no template in this file"):
        check_sentences(SentencesConfig(folder, 1))


def test_a_lexicon_that_no_template_uses_is_checked_too(tmp_path: Path) -> None:
    folder = domain(tmp_path, greet="Hello.\n", lexicon_unused="\n")
    with pytest.raises(DataError, match=r"unused\.txt:1: the lexicon is empty"):
        check_sentences(SentencesConfig(folder, 1))


def test_two_lexicons_for_one_slot(tmp_path: Path) -> None:
    folder = domain(tmp_path, greet="Hello {{ name }}.\n", lexicon_name="Al\n")
    (folder / "lexicons" / "name.yaml").write_text("- Bo\n")
    with pytest.raises(DataError, match="the slot `name` has two lexicons"):
        check_sentences(SentencesConfig(folder, 1))


def test_count_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="count: 0 is not allowed"):
        build(SentencesConfig, {"domain": "x", "count": 0}, where="test.yaml")


def test_digest_follows_content_and_names(tmp_path: Path) -> None:
    folder = domain(tmp_path, greet="Hello {{ name }}.\n", lexicon_name="Al\nBo\n")
    config = SentencesConfig(folder, 1)
    before = sentences_digest(config)
    assert before == sentences_digest(SentencesConfig(folder, 2))
    (folder / "lexicons" / "name.txt").write_text("Al\nBo\nCy\n")
    assert sentences_digest(config) != before


def test_description_lists_templates_and_listed_values(tmp_path: Path) -> None:
    folder = domain(tmp_path, greet="# hi\nHi {{ name }} at {{ time }}.\n", lexicon_name="Al\nBo\n")
    description = describe_domain(SentencesConfig(folder, 1))
    assert description.templates == ("greet:2",)
    assert description.slot_values == {"name": ("Al", "Bo")}
    assert "time" in description.open_slots


def test_listed_values_are_described_and_dealt_as_rows_have_them(tmp_path: Path) -> None:
    cities = "[Worcester](/W UH1 S T ER0/)\nOslo\n"
    folder = domain(tmp_path, go="To {{ city }}.\n", lexicon_city=cities)
    config = SentencesConfig(folder, 2)
    assert describe_domain(config).slot_values == {"city": ("Worcester", "Oslo")}
    assert {row.slots[0].value for row in drawn(config)} == {"Worcester", "Oslo"}
    plan = plan_splits({"train": 0.5, "test": 0.5}, ["slot:city"], 1, read_domain(folder))
    assert set(plan.dealt["slot:city"]) == {"worcester", "oslo"}


def test_the_shipped_domain_is_sound_and_large() -> None:
    check_sentences(SentencesConfig(ASSISTANT, 20_000))
    description = describe_domain(SentencesConfig(ASSISTANT, 1))
    per_intent = Counter(template.split(":")[0] for template in description.templates)
    assert len(per_intent) >= 12
    assert min(per_intent.values()) >= 8


def test_sentences_stream() -> None:
    first = list(islice(generate(SentencesConfig(ASSISTANT, 10**9), seed=1), 3))
    assert len(first) == 3


def test_a_heteronym_that_is_none_is_named_before_work(tmp_path: Path) -> None:
    folder = domain(tmp_path, say="Keep the [record](noun).\nTurn the [bass](noun) up.\n")
    with pytest.raises(DataError, match=r"say\.j2:2: espeak-ng says bass alike"):
        check_sentences(SentencesConfig(folder, 2))
