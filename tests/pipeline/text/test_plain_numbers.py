"""What is read without a grammar is what the grammar reads."""

import itertools

import pytest

from pipeline.text.normalize import _read as read_by_grammar
from pipeline.text.normalize import normalize, prepare_grammars
from pipeline.text.readings import plain_numbers
from pipeline.text.readings.plain_numbers import read_plain

NUMBERS = ("0", "7", "10", "12", "19", "20", "30", "45", "99")
RUNS = [
    *(f"for {number} seconds." for number in NUMBERS),
    *(f"at {number} Orchard Avenue," for number in NUMBERS),
    *(f"to {number}%." for number in (*NUMBERS, "100")),
    *(f"the {ordinal} track on" for ordinal in ("1st", "2nd", "3rd", "4th", "11th", "12th")),
    *(f"the {ordinal}?" for ordinal in ("13th", "20th", "21st", "22nd", "33rd", "40th", "98th")),
    *(f"{month} {day}" for month, day in itertools.product(("March", "May"), ("1", "22", "30."))),
    *(f"at {time} {half}" for time in ("4", "4:15", "8:00", "12:05") for half in ("am", "P.M.")),
    *(f"at {time} tomorrow" for time in ("4:15", "8:00", "12:05", "10:59")),
    *("is 6 9 1, 2 7 3.", "J 7 6 6 7 ?", "9 of the", "before 5 o'clock please"),
]
OTHERS = [
    *("1 1/2 cups", "5 ft tall", "1,000 people", "in 1989.", "about 12 12 tonight", "10 kg of"),
    *("5 March we", "Jan 5", "you may 5", "007 is", "3-1", "$5", "100 of", "20 Dr.", "4:15 ET"),
    *("13:30 today", "11st of", "March, 5", "32 may be", "7 a.m", "March 32"),
]


def _finished(spoken: str) -> str:
    """Months are given their capitals, and a last stop is put back, after either."""
    return spoken.replace("AM.", "AM").rstrip(".").lower()


@pytest.mark.parametrize("run", RUNS)
def test_plain_numbers_are_read_as_the_grammar_reads_them(run: str) -> None:
    plain = read_plain(run)
    assert plain is not None
    assert _finished(plain) == _finished(read_by_grammar(run, str(prepare_grammars())))


@pytest.mark.parametrize("run", OTHERS)
def test_what_its_neighbours_may_change_is_left_to_the_grammar(run: str) -> None:
    texts = normalize([run], workers=1)
    assert read_plain(run) is None or texts == _by_grammar_alone(run)


def _by_grammar_alone(run: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plain_numbers, "read_plain", lambda run: None)
        return normalize([run], workers=1)


def test_a_stop_within_a_sentence_does_not_stay_behind_a_time() -> None:
    assert normalize(["Snooze until 9 p.m., please."]) == ["Snooze until nine P M, please."]


def test_plain_numbers_need_no_grammars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.text.normalize._nemo", None)
    assert normalize(["Wake me at 7:30 am."]) == ["Wake me at seven thirty A M."]
