"""Rows by intent: what is counted of them, and once."""

from typing import Any

import pytest

from pipeline.label_leakage import labelled_rows as module
from pipeline.label_leakage.labelled_rows import labelled_rows


def row(id: str, transcript: str, intent: str = "call", **other: Any) -> dict[str, Any]:
    fields = {"slots": [], "negative": {"kind": "none"}, "accent": "en-us", "speaker": "anna"}
    return {"id": id, "transcript": transcript, "intent": intent} | fields | other


def slot(name: str, value: str, first: int, end: int) -> dict[str, Any]:
    return {"name": name, "value": value, "first_word": first, "end_word": end}


def test_rows_without_an_intent_and_negatives_are_left_out() -> None:
    rows = [row("b", "call"), row("a", "stop", ""), row("c", "cull", negative={"kind": "order"})]
    found = labelled_rows(rows, 1)
    assert [one["id"] for one in found.rows] == ["b"]
    assert (found.total, found.names) == (1, ("call",))


def test_a_sentence_of_three_voices_counts_once() -> None:
    rows = [row(id, "call mom", speaker=id) for id in "cab"]
    found = labelled_rows([*rows, row("d", "play jazz", "play")], 1)
    assert [found.rows[index]["id"] for index in found.distinct] == ["a", "d"]
    assert found.intents.tolist() == [0, 0, 0, 1]
    assert len(set(found.codes("speaker").tolist())) == 4


def test_words_are_those_outside_slots_and_of_carriers() -> None:
    slots = [slot("carrier", "Could you", 0, 2), slot("contact", "Mom", 3, 4)]
    found = labelled_rows([row("a", "could you call mom", slots=slots)], 1)
    assert list(found.words().names) == ["call", "could", "you"]
    assert {name: list(of.names) for name, of in found.slots().items()} == {
        "carrier": ["could you"],
        "contact": ["mom"],
    }


def test_a_foreign_accent_is_one_whatever_its_strength() -> None:
    accents = ["en-us+fr(0.2)", "en-us+fr(0.9)", "en-us", "en-us+de(0.2)"]
    rows = [row(str(n), "call", accent=accent) for n, accent in enumerate(accents)]
    codes = labelled_rows(rows, 1).codes("accent").tolist()
    assert codes[0] == codes[1]
    assert len(set(codes)) == 3


def test_of_many_rows_some_are_drawn_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    rows = [row(f"{n:02d}", f"call {n}") for n in range(20)]
    first, again, other = (labelled_rows(rows, seed) for seed in (1, 1, 2))
    assert (len(first.rows), first.total) == (5, 20)
    assert first.rows == again.rows
    assert first.rows != other.rows
