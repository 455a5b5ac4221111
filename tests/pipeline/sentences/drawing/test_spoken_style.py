"""What is said may stumble; what it is about may not change."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError
from pipeline.domain.domains import read_domain
from pipeline.randomness import rng_for
from pipeline.records import Reject, Sentence, Slot
from pipeline.sentences.drawing.politeness import politeness
from pipeline.sentences.drawing.sampling import Maker, ZipfConfig, sample
from pipeline.sentences.drawing.sentence_filter import FilterConfig, SentenceFilter
from pipeline.sentences.drawing.spoken_style import (
    NO_STYLE,
    Edits,
    StyleConfig,
    contractions,
    dropped_words,
    fillers,
    restarts,
    styled,
)
from pipeline.sentences.drawing.written_words import join_words, split_sentence
from pipeline.text.slot_words import slot_spans

KINDS = ("contraction", "politeness", "dropped_word", "restart", "filler")
EVERYTHING = StyleConfig(**dict.fromkeys(KINDS, 0.7))
SHIPPED = ("voice_assistant", "digits_and_codes", "banking_agent")


def outcomes(edits: Edits, text: str, *values: str) -> set[str]:
    """Every text that one edit can make of `text`, in which `values` are slots."""
    words = split_sentence(text, slots_of(*values))
    return {join_words(edit.of(words)) for edit in edits(words)}


def slots_of(*values: str) -> tuple[Slot, ...]:
    return tuple(Slot("slot", value) for value in values)


def plain_rows(name: str, count: int, style: StyleConfig = NO_STYLE) -> list[Sentence]:
    domain = read_domain(Path("prompts") / name)
    maker = Maker(domain.name, 1, None, style)
    rows = sample(domain.intents, maker, "weighted", ZipfConfig())
    return [row for row in islice(rows, count) if isinstance(row, Sentence)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am cold.", {"I'm cold."}),
        ("Here I am.", set()),
        ("Do not stop.", {"Don't stop."}),
        ("I will not, thanks.", {"I'll not, thanks.", "I won't, thanks."}),
        ("I cannot come.", {"I can't come."}),
        ("What is it?", set()),
        ("What is on?", {"What's on?"}),
        ("I have been waiting.", {"I've been waiting."}),
        ("I have to go.", set()),
        ("I'm not, am I not?", set()),
        ("Let us go.", {"Let's go."}),
        ("Okay. Let us go.", {"Okay. Let's go."}),
        ("Please let us know.", set()),
        ("Please let us go.", set()),
        ("Let us know.", set()),
        ("Let us in.", set()),
        ("Let us have a key.", set()),
        ("Let US citizens pass.", set()),
        ("Tell me who he is today.", set()),
        ("I don't know where it is right now.", set()),
        ("Tell me where you are now.", set()),
        ("Do you know what that is called?", set()),
        ("What time it is in Oslo, tell me.", set()),
        ("How far it is from here!", set()),
        ("It is as cold as it is dark.", {"It's as cold as it is dark."}),
        ("What, it is late already?", {"What, it's late already?"}),
        ("What is new?", {"What's new?"}),
        ("Tell me what is new.", {"Tell me what's new."}),
        ("Call when it is late.", {"Call when it's late."}),
        ("Ask if he is here.", {"Ask if he's here."}),
        ("I know what it will cost.", {"I know what it'll cost."}),
    ],
)
def test_contractions(text: str, expected: set[str]) -> None:
    assert outcomes(contractions, text) == expected


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("Turn on the light.", ["light"], {"Turn on light."}),
        ("I need a new card.", ["card"], {"Need a new card.", "I need new card."}),
        ("Are you open today?", ["today"], {"You open today?"}),
        ("The code is B 7.", ["B 7"], {"Code is B 7."}),
        ("The lamp is on.", ["lamp"], set()),
        ("Save $5 a week.", ["$5"], set()),
        ("A little louder.", [], set()),
        ("Make it a little louder.", [], set()),
        ("Play The Wall.", ["The Wall"], set()),
    ],
)
def test_dropped_words(text: str, values: list[str], expected: set[str]) -> None:
    assert outcomes(dropped_words, text, *values) == expected


@pytest.mark.parametrize(
    ("text", "values", "some"),
    [
        ("Turn on the fan.", ["fan"], {"Please turn on the fan.", "Could you turn on the fan?"}),
        ("mute the hall", ["hall"], {"mute the hall please", "could you mute the hall"}),
        ("Could you call Ada?", ["Ada"], {"Could you please call Ada?"}),
        ("What's the time?", [], {"What's the time, please?", "Excuse me, what's the time?"}),
        ("From my account.", ["account"], {"From my account, please."}),
        ("Don't pay yet.", [], {"Please don't pay yet.", "Don't pay yet, please."}),
        ("Lights off in the hall.", ["hall"], {"Lights off in the hall, thanks."}),
    ],
)
def test_politeness(text: str, values: list[str], some: set[str]) -> None:
    assert some <= outcomes(politeness, text, *values)


@pytest.mark.parametrize(
    "text",
    ["My card is gone.", "No.", "Call Ada, please.", "It's fine.", "Order was late.", "$5"],
)
def test_facts_and_polite_sentences_are_left_alone(text: str) -> None:
    values = ["$5"] if text == "$5" else []
    allowed = {"No, thanks.", "No, thank you."}
    assert outcomes(politeness, text, *values) <= allowed


def test_restarts_repeat_no_slot() -> None:
    output = outcomes(restarts, "Set an alarm for 7:30 am.", "7:30 am")
    assert "Set an, set an alarm for 7:30 am." in output
    assert "Set an alarm for, for 7:30 am." in output
    assert "Set, sorry, set an alarm for 7:30 am." in output
    assert all(text.count("7:30") == 1 for text in output)
    assert outcomes(restarts, "Anna, that's A N N A", "Anna", "A N N A") == set()


def test_a_value_that_stands_twice_is_changed_in_neither_place() -> None:
    text = "Text the vet that I am late, and if the vet is out, call the vet at home."
    words = split_sentence(text, slots_of("the vet"))
    assert [word.core for word in words if word.in_slot] == ["the", "vet"] * 3
    every = StyleConfig(dropped_word=1, restart=1, filler=1)
    for seed in range(20):
        said = styled(text, slots_of("the vet"), every, rng_for(seed, "style"))
        assert said.style
        assert said.text.count("the vet") == said.text.count("vet") == 3


def test_fillers_stand_where_people_hesitate() -> None:
    output = outcomes(fillers, "Set the timer to 10 minutes.", "10 minutes")
    assert "Um, set the timer to 10 minutes." in output
    assert "Set the, uh, timer to 10 minutes." in output
    assert "Set the timer to, like, 10 minutes." in output
    assert not any("10, " in text or "minutes, " in text for text in output)
    assert "Zorblax, um, the hall." not in outcomes(fillers, "Zorblax the hall.", "hall")
    assert outcomes(fillers, "June 2027", "June", "2027") == set()


def test_names_and_lower_case_keep_their_letters() -> None:
    assert outcomes(fillers, "Alexa stop.") == set()
    assert "um, mute the hall" in outcomes(fillers, "mute the hall")
    assert "Um, I need it." in outcomes(fillers, "I need it.")


def test_a_value_that_a_filler_says_is_left_alone() -> None:
    slots = slots_of("you")
    for seed in range(20):
        text = styled("Play you.", slots, EVERYTHING, rng_for(seed, "style")).text
        assert text == "Play you." or text.lower().find("you") == slot_spans(text, slots)[0][0]


@pytest.mark.parametrize("text", ["", "?", "- -", "no", "…", "🙂 ok", "A"])
def test_odd_texts_pass(text: str) -> None:
    for seed in range(5):
        assert styled(text, (), EVERYTHING, rng_for(seed, "style")).text.strip() or not text


@pytest.mark.parametrize("name", SHIPPED)
def test_slots_keep_their_words(name: str) -> None:
    for row in plain_rows(name, 120):
        output = styled(row.text, row.slots, EVERYTHING, rng_for(1, "style", row.id))
        before, after = split_sentence(row.text, row.slots), split_sentence(output.text, row.slots)
        assert [w.core for w in before if w.in_slot] == [w.core for w in after if w.in_slot]
        assert output.text[0].isupper() or not row.text[0].isupper()
        assert output.text.count("?") <= 1 + row.text.count("?")
        assert bool(output.style) == (output.text != row.text)


@pytest.mark.parametrize("kind", KINDS)
def test_shares_follow_the_probability(kind: str) -> None:
    text = "I do not need the timer for 5 minutes."
    if kind == "politeness":
        text = "I need the timer for 5 minutes."
    config = StyleConfig(**{kind: 0.3})
    drawn = [
        styled(text, slots_of("5 minutes"), config, rng_for(0, "s", str(n))) for n in range(400)
    ]
    assert {output.style for output in drawn} == {(), (kind,)}
    assert 0.23 < sum(1 for output in drawn if output.style) / 400 < 0.37


def test_the_maker_tags_what_it_styled_and_says_nothing_twice() -> None:
    rows = plain_rows("banking_agent", 300, EVERYTHING)
    assert len({row.text for row in rows}) == len({row.id for row in rows}) == 300
    tags = Counter(tag for row in rows for tag in row.style)
    assert set(tags) == set(KINDS)
    plain = {row.id: row for row in plain_rows("banking_agent", 300)}
    for row in rows:
        if row.id in plain:
            assert bool(row.style) == (row.text != plain[row.id].text)
    assert plain_rows("banking_agent", 50, EVERYTHING) == rows[:50]


def test_what_the_filter_drops_is_never_said(tmp_path: Path) -> None:
    (tmp_path / "block.txt").write_text("please\num\n")
    unwanted = SentenceFilter(FilterConfig(blocklist=tmp_path / "block.txt", max_words=6))
    maker = Maker("home", 1, unwanted, EVERYTHING)
    for number in range(60):
        row = maker.make("go", "go:1", f"Turn on lamp {number}.", slots_of(str(number)))
        assert row is not None
        assert not isinstance(row, Reject)
        assert unwanted.reason(row.text) is None


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_probabilities_are_checked(value: float) -> None:
    with pytest.raises(ConfigError, match=r"filler: from 0 to 1; found"):
        build(StyleConfig, {"filler": value}, "here")
