"""Every parameter of a row is shown under a name, and none twice."""

from pipeline.pages.row_facts import facts_of
from tests.pipeline.synthetic_build import rows_of


def test_everything_but_sound_and_text_is_told() -> None:
    row = rows_of([1])[0] | {"a_new_column": 5}
    groups = {group.title: dict(group.facts) for group in facts_of(row)}
    assert groups["Sentence"]["slot contact"] == "Grace Hopper"
    assert groups["Voice"]["speaker"] == row["speaker"]
    assert groups["Measured"]["loudness_lufs"] == "−23"
    assert groups["Row"]["a_new_column"] == "5"
    assert groups["Row"]["id"] == row["id"]
    names = [name for group in groups.values() for name in group]
    assert not {"text", "audio", "words", "phonemes"} & set(names)


def test_what_was_not_done_is_one_word() -> None:
    quiet = next(row for row in rows_of(range(20)) if row["noise"]["class"] == "none")
    (facts,) = [dict(g.facts) for g in facts_of(quiet) if g.title == "Noise, room, channel"]
    assert facts["noise"] == "none"
    assert not any(name.startswith("noise ") for name in facts)


def test_the_log_is_told_link_by_link() -> None:
    summary = [
        {"link": "gain", "parameters": '{"gain_db": -1.5}', "measured": '{"gain_db": -1.5}'},
        {"link": "room", "parameters": '{"source": "hall"}', "measured": '{"rt60_s": 0.5}'},
    ]
    (group,) = facts_of({"augmentations": summary})
    assert group.facts == [
        ("1. gain", "gain_db −1.5"),
        ("2. room", "source hall; rt60_s 0.5 (measured)"),
    ]
