"""A build that loses too much says where to look."""

from collections import Counter

import pytest

from models.errors import DataError
from pipeline.dataset.rejects import check_rejected, losses_by
from pipeline.records import Reject

KEPT = Counter(anna=40, ben=10), Counter({"alarm:1": 25, "alarm:2": 25})


def _failed(count: int, speaker: str, template: str, reason: str, stage: str = "judge") -> list:
    return [Reject(f"a-{n}", stage, reason, template, speaker) for n in range(count)]


def test_as_many_rejects_as_are_allowed_pass_and_one_more_does_not() -> None:
    check_rejected(_failed(5, "anna", "alarm:1", "x"), *KEPT, max_share=0.1)
    with pytest.raises(DataError, match=r"^6 of 56 utterances were rejected"):
        check_rejected(_failed(6, "anna", "alarm:1", "x"), *KEPT, max_share=0.1)


def test_sentences_that_a_filter_dropped_do_not_count() -> None:
    dropped = _failed(500, "", "alarm:1", "blocked", "generate")
    check_rejected(dropped, *KEPT, max_share=0.1)
    with pytest.raises(DataError, match=r"^6 of 56 utterances were rejected"):
        check_rejected([*dropped, *_failed(6, "anna", "alarm:1", "x")], *KEPT, max_share=0.1)


def test_the_speaker_that_fails_is_named() -> None:
    reasons = "phone error rate above 0.6; level below -50 (first of 4 takes)"
    rejects = _failed(20, "ben", "alarm:1", reasons) + _failed(1, "anna", "alarm:2", reasons)
    with pytest.raises(DataError) as error:
        check_rejected(rejects, *KEPT, max_share=0.2)
    message = str(error.value)
    assert message.startswith("21 of 71 utterances were rejected, and judge.max_rejected_share is")
    assert "21 for `phone error rate above …`" in message
    assert "voice.speakers ben lost 20 of 30" in message
    assert "anna" not in message


def test_the_template_that_fails_is_named() -> None:
    rejects = _failed(10, "ben", "alarm:9", "xylophone: ʘ is no phone", "synthesize")
    with pytest.raises(DataError, match=r"in voice.acoustic_model.*template alarm:9 lost 10 of 10"):
        check_rejected(rejects, *KEPT, max_share=0.1)


def test_nothing_left() -> None:
    with pytest.raises(DataError, match="every utterance was rejected"):
        check_rejected(_failed(3, "ben", "alarm:1", "x"), Counter(), Counter(), max_share=0.9)


def test_losses_are_counted_against_all() -> None:
    rejects = _failed(10, "ben", "alarm:1", "x") + _failed(1, "", "alarm:1", "x")
    (lost,) = losses_by(rejects, KEPT[0], "speaker")
    assert (lost.name, lost.rejected, lost.total, lost.share) == ("ben", 10, 20, 0.5)
