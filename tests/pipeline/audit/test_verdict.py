"""The audit finds every bias that is planted, and none where there is none."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from pipeline.audit.record import read_audit
from pipeline.audit.verdict import audit_json, audit_table
from pipeline.dataset.record import BuildPart
from tests.planted_bias import CLASSES, INTENTS, RECORD, ROOMS, Row, clean_rows, noise_of, table_of

Plant = Callable[[list[Row]], None]


def one_intent_one_class(rows: list[Row]) -> None:
    for row in rows:
        noise = noise_of(row)
        if noise and row["intent"] == INTENTS[2]:
            noise |= {"classes": [CLASSES[0]], "sources": [f"{CLASSES[0]}/1.flac"]}


def snr_of_one_template(rows: list[Row]) -> None:
    for row in rows:
        if (noise := noise_of(row)) and row["intent"] == INTENTS[0]:
            noise["snr_db"] = 20 + noise["snr_db"] / 5


def repeating_noise(rows: list[Row]) -> None:
    for row in rows:
        if noise := noise_of(row):
            noise["offsets_s"] = [float(int(noise["offsets_s"][0]) // 4)]


def one_speaker_one_room(rows: list[Row]) -> None:
    for row in rows:
        in_bath = row["augmentations"].get("room_response", {}).get("source") == ROOMS[0]
        if in_bath or row["speaker"] == "speaker-3":
            row["augmentations"]["room_response"] = {"source": ROOMS[0]}
            row["speaker"] = "speaker-3"


def drifting_gain(rows: list[Row]) -> None:
    for number, row in enumerate(rows):
        gain = row["augmentations"]["gain"]
        gain["gain_db"] = -6 + 6 * (0.5 * (gain["gain_db"] + 6) / 6 + 0.5 * number / len(rows))


def slot_in_quiet(rows: list[Row]) -> None:
    for row in rows:
        if row["slots"][0]["value"] == "room 1":
            row["augmentations"].pop("background_noise", None)


PLANTED: list[tuple[Plant, str, str, str]] = [
    (one_intent_one_class, "ties", "background_noise.classes[0]", "intent"),
    (snr_of_one_template, "ties", "background_noise.snr_db", "intent"),
    (repeating_noise, "repeats", "background_noise.sources[0]", ""),
    (one_speaker_one_room, "ties", "room_response.source", "speaker"),
    (drifting_gain, "ties", "gain.gain_db", "position in the dataset"),
    (slot_in_quiet, "ties", "background_noise", "slot room"),
]


@pytest.mark.parametrize(("plant", "question", "subject", "against"), PLANTED)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_bias_is_found(
    plant: Plant, question: str, subject: str, against: str, seed: int
) -> None:
    rows = clean_rows(seed, 400)
    plant(rows)
    audit = audit_table(table_of(rows), RECORD)
    found = {
        (bias.finding.question, bias.finding.subject, bias.finding.against) for bias in audit.biases
    }
    assert (question, subject, against) in found
    assert audit.verdict.startswith("bias found")


@pytest.mark.parametrize("count", [1, 3, 25])
def test_rows_that_nothing_was_done_to_or_few_of_them_are_no_alarm(count: int) -> None:
    rows = clean_rows(1, count)
    for row in rows:
        row["augmentations"] = {}
    plain = audit_table(table_of(rows), replace(RECORD, config={}))
    few = audit_table(table_of(clean_rows(1, count)), RECORD)
    assert not plain.biases
    assert not few.biases
    assert json.loads(audit_json(plain))["passed"]
    if count < 20:
        assert plain.verdict.startswith("nothing to test")


def test_an_audit_is_the_same_each_time_and_plain_json() -> None:
    table = table_of(clean_rows(3, 150))
    first, again = (audit_json(audit_table(table, RECORD)) for _ in range(2))
    assert first == again
    record = json.loads(first)
    assert record["rows"] == 150
    assert {test["question"] for test in record["tests"]} == {"ties", "repeats", "conditions"}


def test_recordings_that_were_dealt_to_the_splits_are_no_tie() -> None:
    rows = clean_rows(5, 600)
    for row in rows:
        part = ("train", "validation", "test").index(row["split"])
        if noise := noise_of(row):
            noise["sources"] = [f"{noise['classes'][0]}/{part}.flac"]
    dealt = audit_table(table_of(rows), RECORD)
    assert not dealt.biases
    by_split = {j.finding.subject for j in dealt.findings if j.finding.against == "split"}
    assert "gain.gain_db" in by_split
    assert not any(subject.startswith("background_noise.") for subject in by_split)


def test_what_the_judge_dropped_explains_as_much_and_no_more() -> None:
    rows = [
        row
        for number, row in enumerate(clean_rows(6, 6000))
        if row["pace"] < 1.05 or row["intent"] != INTENTS[0] or number % 5 == 0
    ]
    table, dropped = table_of(rows), 6000 - len(rows)

    def is_fitting(rejects: int) -> bool:
        audit = audit_table(table, replace(RECORD, rejects=rejects))
        return "pace" not in {bias.finding.subject for bias in audit.biases}

    assert is_fitting(dropped)
    assert not is_fitting(0)


def test_of_forty_datasets_in_order_two_at_most_raise_an_alarm() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(50, 160, size=40)
    audits = [
        audit_table(table_of(clean_rows(1000 + seed, int(size))), replace(RECORD, seed=seed))
        for seed, size in enumerate(sizes)
    ]
    assert all(len(audit.findings) > 40 for audit in audits)
    assert sum(bool(audit.biases) for audit in audits) <= 2


def test_an_audit_is_read_as_it_was_written_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    audit = audit_table(table_of(clean_rows(3, 40)), RECORD)
    (tmp_path / "audit.json").write_text(audit_json(audit))
    read = read_audit(tmp_path)
    assert (read.rows, read.verdict, read.passed) == (40, audit.verdict, True)
    assert [test["p"] for test in read.tests] == [found.finding.p for found in audit.findings]
    for wrong in ("{}", '{"format": "1"}', "["):
        (tmp_path / "audit.json").write_text(wrong)
        with pytest.raises(DataError, match=r"audit\.json"):
            read_audit(tmp_path)


def test_speakers_that_are_kept_apart_are_no_tie_to_their_split_nor_to_its_templates() -> None:
    rows = clean_rows(8, 600)
    rng = np.random.default_rng(8)
    for row in rows:
        part = ("train", "validation", "test").index(row["split"])
        row["speaker"] = f"speaker-{part}-{rng.integers(3)}"
        row["template"] = f"call:{part}-{rng.integers(3)}"
    output = {"output": {"disjoint": ["speaker", "template"]}}
    apart = audit_table(table_of(rows), replace(RECORD, config=dict(RECORD.config) | output))
    assert "speaker" not in {bias.finding.subject for bias in apart.biases}
    assert "speaker" in {
        bias.finding.subject for bias in audit_table(table_of(rows), RECORD).biases
    }
    for row in rows:  # within a split, it is one
        row["speaker"] = f"{row['split']}-{row['template'][-1]}"
    tied = audit_table(table_of(rows), replace(RECORD, config=dict(RECORD.config) | output))
    assert ("speaker", "template") in {
        (bias.finding.subject, bias.finding.against) for bias in tied.biases
    }


def test_noise_that_one_of_two_builds_has_is_found_where_they_are_merged() -> None:
    rows = clean_rows(9, 400)
    for row in rows[:200]:
        row["intent"] = "intent-a"
        row["augmentations"].pop("background_noise", None)
    without = dict(RECORD.config) | {"augment": {}}
    loud = dict(RECORD.config) | {"augment": {"noise": {"folder": "noise"}}}
    parts = (
        BuildPart("quiet", 7, without, rows=200),
        BuildPart("loud", 7, loud, rows=200),
    )
    audit = audit_table(table_of(rows), replace(RECORD, config={}, history=parts))
    assert ("background_noise", "intent") in {
        (bias.finding.subject, bias.finding.against) for bias in audit.biases
    }


def test_rows_without_a_drawn_voice_are_audited() -> None:
    rows = clean_rows(2, 60)
    for row in rows:
        row["source"] = "recordings"
    assert audit_table(table_of(rows), RECORD).findings
