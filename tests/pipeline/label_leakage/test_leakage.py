"""What predicts an intent by construction is warned about; what does not is left alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.label_leakage import labelled_rows
from pipeline.label_leakage.leakage import ALPHA, LabelLeakage, find_label_leakage

Row = dict[str, Any]
INTENTS = ("call", "message", "remind")
NAMES = ("ada", "bo", "cy", "dee")


def row(index: int, intent: str, words: str, name: str, template: int, speaker: str = "") -> Row:
    """`words` and a name in a slot behind them; its last word is its own."""
    output = words.split()
    position = len(output)
    return {
        "id": f"{index:06d}",
        "transcript": " ".join([*output, name, _letters(index)]),
        "template": f"{intent}:{template}",
        "intent": intent,
        "source": "templates",
        "speaker": speaker or f"speaker {index % 4}",
        "accent": "en-us",
        "negative": {"kind": "none"},
        "slots": [{"name": "who", "value": name, "first_word": position, "end_word": position + 1}],
    }


def _letters(index: int) -> str:
    """A word that no other row has."""
    return "".join("abcdefghij"[int(digit)] for digit in str(index))


def words_before(one: Row) -> str:
    """What a row says before its slot."""
    return " ".join(one["transcript"].split()[: one["slots"][0]["first_word"]])


def plain_rows(count: int = 240) -> list[Row]:
    """Rows in which nothing but the templates' own verbs has to do with the intent."""
    rng = np.random.default_rng(5)
    rows = []
    for index in range(count):
        intent = INTENTS[index % 3]
        verb = rng.choice([f"{intent}s", f"{intent}ing"])
        carrier = rng.choice(["please", "could you", "now", "i want"])
        template = int(rng.integers(1, 4))
        speaker = f"speaker {rng.integers(4)}"
        rows.append(row(index, intent, f"{carrier} {verb}", rng.choice(NAMES), template, speaker))
    return rows


def changed(change: Callable[[int, Row], Row]) -> LabelLeakage:
    return find_label_leakage(
        [change(index, one) for index, one in enumerate(plain_rows())], seed=1
    )


def only_warning(found: LabelLeakage) -> str:
    assert len(found.warnings) == 1, found.warnings
    return found.warnings[0].text


def test_plain_rows_have_predictors_and_no_warning() -> None:
    found = find_label_leakage(plain_rows(), seed=1)
    assert found.warnings == ()
    assert {p.name for p in found.predictors} == {f"{i}{e}" for i in INTENTS for e in ("s", "ing")}
    assert all(p.rows == p.of_rows and p.p < ALPHA for p in found.predictors)
    assert found.intent_bits == pytest.approx(np.log2(3))
    assert found.predictors[0].bits < found.intent_bits


def test_a_name_that_is_only_called() -> None:
    def plant(index: int, one: Row) -> Row:
        if one["intent"] == "call" and index % 2:
            words, template = words_before(one), int(one["template"][-1])
            return row(index, "call", words, "eve", template, one["speaker"])
        return one

    text = only_warning(changed(plant))
    assert text.startswith("`eve` of the slot `who` is said in `call` only: 40 of 40 sentences")


def test_a_name_that_is_never_messaged() -> None:
    def plant(index: int, one: Row) -> Row:
        name = one["slots"][0]["value"]
        if one["intent"] == "message":
            name = NAMES[1:][index // 9 % 3]
        words = words_before(one)
        return row(index, one["intent"], words, name, 1 + index // 3 % 3, one["speaker"])

    text = only_warning(changed(plant))
    assert text.startswith("`ada` of the slot `who` is never said in `message`: none of ")


def test_an_intent_bound_to_a_word() -> None:
    def plant(index: int, one: Row) -> Row:
        if one["intent"] != "remind":
            return one
        name, template = one["slots"][0]["value"], 1 + index // 3 % 3
        carrier = one["transcript"].split()[0]
        return row(index, "remind", f"{carrier} prompt", name, template, one["speaker"])

    text = only_warning(changed(plant))
    assert "`remind` is bound to `prompt`: 80 of its 80 sentences" in text
    assert "no other sentence does" in text


def test_a_carrier_that_one_intent_alone_has() -> None:
    def plant(index: int, one: Row) -> Row:
        carried = words_before(one).replace("please", "kindly")
        if one["intent"] == "call" and index % 2:
            carried = f"would {carried}"
        name, template = one["slots"][0]["value"], int(one["template"][-1])
        return row(index, one["intent"], carried, name, template, one["speaker"])

    assert only_warning(changed(plant)).startswith(
        "`would` says nothing about what is wanted, yet 40 of 40 sentences with it"
    )


@pytest.mark.parametrize("column", ["speaker", "accent"])
def test_a_voice_that_wants_one_thing(column: str) -> None:
    def plant(index: int, one: Row) -> Row:
        return one | {column: "tom" if one["intent"] == "call" and index % 2 else "x"}

    text = only_warning(changed(plant))
    assert f"The {column} tells" in text
    assert "`tom`, of whose 40 clips 40 are `call`" in text


def test_values_that_tell_the_template() -> None:
    def plant(index: int, one: Row) -> Row:
        name, words = one["slots"][0]["value"], words_before(one)
        template = 1 + NAMES.index(name) % 2
        return row(index, one["intent"], words, name, template, one["speaker"])

    text = only_warning(changed(plant))
    assert text.startswith("The values of the slot `who` tell")
    assert "of the template" in text


def test_an_intent_with_one_template() -> None:
    def plant(index: int, one: Row) -> Row:
        return one | {"template": "call:1"} if one["intent"] == "call" else one

    assert "`call` has one template, `call:1`, for its 80 sentences" in only_warning(changed(plant))


def test_words_in_the_carrier_slot_count_as_words() -> None:
    def plant(index: int, one: Row) -> Row:
        carrier = {"name": "carrier", "value": "Would you", "first_word": 0, "end_word": 2}
        if one["intent"] != "call" or not index % 2:
            carrier |= {"value": "Let me"}
        output = f"{carrier['value'].lower()} {words_before(one).split()[-1]}"
        name, template = one["slots"][0]["value"], int(one["template"][-1])
        new = row(index, one["intent"], output, name, template, one["speaker"])
        return new | {"slots": [carrier, *new["slots"]]}

    lone, tied = changed(plant).warnings
    assert "`would you` of the slot `carrier` is said in `call` only" in lone.text + tied.text
    assert "says nothing about what is wanted, yet 40 of 40 sentences" in lone.text + tied.text


def test_false_alarms_are_rare() -> None:
    """Of 100 datasets whose intents were shuffled, at most five get any warning."""
    rows = plain_rows()
    alarms = 0
    for seed in range(100):
        order = np.random.default_rng(seed).permutation(len(rows))
        shuffled = [
            one | {"intent": rows[to]["intent"]} for one, to in zip(rows, order, strict=True)
        ]
        alarms += bool(find_label_leakage(shuffled, seed).warnings)
    assert alarms <= 5


def test_repetitions_of_a_sentence_count_once() -> None:
    few = plain_rows(9)
    spoken_often = [one | {"id": f"{one['id']}-{number}"} for one in few for number in range(30)]
    assert not find_label_leakage(spoken_often, seed=1).predictors


def test_without_intents_there_is_nothing_to_tell() -> None:
    for nothing in ({"intent": ""}, {"negative": {"kind": "partial"}}):
        found = find_label_leakage([one | nothing for one in plain_rows(30)], seed=1)
        assert (found.warnings, found.num_rows, found.total) == ((), 0, 0)


def test_many_rows_are_sampled_and_order_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled_rows, "MOST_ROWS", 200)
    rows = plain_rows(500)
    found = find_label_leakage(rows, seed=2)
    assert (found.num_rows, found.total) == (200, 500)
    assert find_label_leakage(rows[::-1], seed=2) == found
    assert find_label_leakage(rows, seed=3) != found
