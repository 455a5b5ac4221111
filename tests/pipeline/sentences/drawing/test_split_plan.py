"""Everything that is to be kept apart has one split, and every split its share."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ConfigError
from pipeline.bits_by_hash import BitsByHash
from pipeline.domain.domains import read_domain
from pipeline.records import Sentence, Slot
from pipeline.sentences.drawing.split_plan import SplitPlan, Vacancies, plan_splits
from pipeline.speech.speaker_assignment import deal_speakers

SHARES = {"train": 0.5, "validation": 0.25, "test": 0.25}
DOMAIN = read_domain(Path("prompts/voice_assistant"))


def _sentence(number: int, template: str = "a:1", *slots: Slot) -> Sentence:
    return Sentence(f"d-{number}", f"text {number}", "d", template, "a", slots)


def test_listed_values_are_dealt_by_share() -> None:
    plan = plan_splits(SHARES, ["template"], 1, DOMAIN)
    counts = Counter(plan.dealt["template"].values())
    total = sum(counts.values())
    assert {name: pytest.approx(share, abs=0.02) for name, share in SHARES.items()} == {
        name: count / total for name, count in counts.items()
    }


def test_a_sentence_goes_where_its_parts_go_or_nowhere() -> None:
    dealt = {
        "template": {"a:1": "train", "a:2": "test"},
        "slot:city": {"rome": "train", "oslo": "test"},
    }
    plan = SplitPlan(SHARES, ("template", "slot:city"), 1, dealt)
    assert plan.split_of(_sentence(1, "a:1", Slot("city", "Rome"))) == "train"
    assert plan.split_of(_sentence(2, "a:2", Slot("city", "Oslo"))) == "test"
    assert plan.split_of(_sentence(3, "a:1", Slot("city", "Oslo"))) is None
    assert plan.split_of(_sentence(4, "a:2")) == "test"


def test_texts_go_by_what_they_say_and_not_by_id() -> None:
    plan = SplitPlan(SHARES, ("text",), 1)
    same = [Sentence(f"d-{number}", "Yes.", "d", "", "") for number in range(20)]
    assert len({plan.split_of(sentence) for sentence in same}) == 1
    assert len({plan.split_of(_sentence(number)) for number in range(40)}) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Hey Juniper.", "hey juniper?"),
        ("Turn it up by 55%.", "Turn it up by 55 percent."),
        ("Meet Dr. Chen at 7:30 pm", "Meet doctor Chen at 7:30 p.m."),
    ],
)
def test_texts_that_are_said_alike_have_one_split(first: str, second: str) -> None:
    for seed in range(20):
        plan = SplitPlan(SHARES, ("text",), seed)
        splits = {plan.split_of(Sentence("d", text, "d", "", "")) for text in (first, second)}
        assert len(splits) == 1


def test_what_was_said_in_another_split_is_passed_over() -> None:
    dealt = {"template": {"a:1": "train", "a:2": "test"}}
    plan = SplitPlan(SHARES, ("text", "template"), 1, dealt)
    said = BitsByHash()
    percent = Sentence("d-1", "55 percent", "d", "a:1", "a")
    sign = Sentence("d-2", "55%!", "d", "a:2", "a")
    assert Vacancies(plan, 40, said).admit(percent) == "train"
    vacancies = Vacancies(plan, 40, said)
    assert vacancies.admit(sign) is None
    assert vacancies.admit(replace(percent, id="d-3", text="55 Percent?")) == "train"
    assert vacancies.admit(_sentence(4, "a:2")) == "test"


def test_what_nothing_binds_fills_whatever_split_has_room() -> None:
    vacancies = Vacancies(SplitPlan(SHARES, ("speaker",), 1), 40)
    taken = Counter(vacancies.admit(_sentence(number)) for number in range(40))
    assert taken == {"train": 20, "validation": 10, "test": 10}
    assert vacancies.admit(_sentence(40)) is None


def test_a_text_too_long_to_be_read_has_a_split() -> None:
    long = Sentence("d", "7 " * 5000, "d", "", "")
    assert SplitPlan(SHARES, ("text",), 1).split_of(long) in SHARES


def test_the_kind_of_a_hard_negative_is_no_template() -> None:
    plan = SplitPlan(SHARES, ("template",), 1)
    found = {
        plan.split_of(replace(_sentence(number, "negatives:partial"), source="negatives"))
        for number in range(40)
    }
    assert found == set(SHARES)
    assert len({plan.split_of(_sentence(number, "a:1")) for number in range(40)}) == 1


def test_vacancies_are_filled_exactly() -> None:
    plan = SplitPlan(SHARES, ("text",), 1)
    vacancies = Vacancies(plan, 40)
    taken = Counter(vacancies.admit(_sentence(number)) for number in range(1000))
    assert {name: taken[name] for name in SHARES} == {"train": 20, "validation": 10, "test": 10}
    assert vacancies.passed_over == taken[None] == 960
    lacking = Vacancies(plan, 40).lacking("sentences.count")
    assert "train lacks 20, validation lacks 10, test lacks 10" in lacking
    assert "relax output.disjoint (text) or lower sentences.count" in lacking


def test_voices_with_a_common_parent_stay_together() -> None:
    voices = dict.fromkeys(("a", "b", "c", "d", "e", "mix(a,b,0.40)", "mix(b,c,0.50)"), 1.0)
    dealt = deal_speakers(voices, SHARES)
    family = {dealt[name] for name in ("a", "b", "c", "mix(a,b,0.40)", "mix(b,c,0.50)")}
    assert len(family) == 1
    assert set(dealt.values()) == set(SHARES)


def test_parents_that_do_not_speak_count_too() -> None:
    dealt = deal_speakers(dict.fromkeys(("mix(a,b,0.10)", "mix(b,c,0.10)", "d", "e"), 1.0), SHARES)
    assert dealt["mix(a,b,0.10)"] == dealt["mix(b,c,0.10)"]


def test_too_few_are_an_error_that_says_what_to_relax() -> None:
    with pytest.raises(ConfigError, match=r"speaker: 3 voices in 2 families .* test would have"):
        deal_speakers(dict.fromkeys(("a", "mix(a,b,0.40)", "c"), 1.0), SHARES)
    with pytest.raises(ConfigError, match=r"output.disjoint: speakers; allowed are text, templ"):
        plan_splits(SHARES, ["speakers"], 1, DOMAIN)
    with pytest.raises(ConfigError, match=r"output.disjoint: slot:nothing; allowed are"):
        plan_splits(SHARES, ["slot:nothing"], 1, DOMAIN)
