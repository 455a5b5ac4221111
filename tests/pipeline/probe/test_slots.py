from dataclasses import replace

import numpy as np
import pytest

from models.errors import DataError
from pipeline.probe.clips import ProbeClip
from pipeline.probe.scores import RecognizedClip
from pipeline.probe.slots import check_commands, meanings_of, nearest, slot_scores

NOTHING = np.zeros((1, 1), np.float32)


def _clip(transcript: str, intent: str, *slots: tuple[str, str]) -> ProbeClip:
    return ProbeClip(transcript, "anna", transcript, intent, 20.0, NOTHING, slots)


SAID = [
    _clip("turn on the lamp in the hall", "switch", ("thing", "lamp"), ("place", "hall")),
    _clip("turn on the fan in the hall", "switch", ("thing", "fan"), ("place", "hall")),
    _clip("turn off the lamp in the hall", "off", ("thing", "lamp"), ("place", "hall")),
    _clip("where is my lamp", "ask", ("thing", "lamp")),
    _clip("stop", "stop"),
]


def _heard(reference: str, *hypotheses: str) -> RecognizedClip:
    return RecognizedClip("1", "anna", 20.0, reference, hypotheses, 0.0, 1)


def test_what_was_written_is_taken_for_the_nearest_command() -> None:
    commands = [clip.transcript for clip in SAID]
    assert nearest("turn on ther lmp in the hal", commands) == "turn on the lamp in the hall"
    assert nearest("", commands) == "stop"


def test_slots_and_commands_are_counted_over_clips_and_probes() -> None:
    clips = [
        _heard(
            "turn on the lamp in the hall", "turn off the lamp in the hall", "turn on lamp in hall"
        ),
        _heard("turn on the fan in the hall", "turn on the fan in the hall", "where is my lamp"),
        _heard("stop", "stop", "stop"),
    ]
    scores = {score.name: score for score in slot_scores(clips, meanings_of(SAID))}
    assert scores["whole command"].accuracy == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert scores["all slots"].accuracy == pytest.approx((1 + 0.5) / 2)
    assert scores["thing"].accuracy == scores["place"].accuracy == pytest.approx(0.75)
    assert scores["place"].num_clips == 2
    assert 0 <= scores["place"].low < 0.75 < scores["place"].high <= 1


def test_what_the_dataset_never_says_is_named() -> None:
    meanings = meanings_of(SAID)
    check_commands(meanings, SAID, "real")
    with pytest.raises(DataError, match=r"real: 1 commands that the dataset never says.*`go home`"):
        check_commands(meanings, [*SAID, _clip("go home", "go")], "real")


def test_a_dataset_without_slots_is_refused() -> None:
    with pytest.raises(DataError, match="no clip of the dataset has a slot"):
        meanings_of([replace(clip, slots=()) for clip in SAID])
