"""A build that loses too much says where to look."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.dataset import rejects as rejects_module
from pipeline.dataset import writer
from pipeline.dataset.rejects import (
    check_rejected,
    losses_by,
    reject_order,
    stored_rejects,
    whole_rejects,
)
from pipeline.records import CleanClip, JudgedClip, Reject
from pipeline.storage.shards import write_shard

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


def test_rejects_of_many_shards_are_written_in_order_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects_module, "_AT_ONCE", 3)
    monkeypatch.setattr(writer, "_GROUP_BYTES", 1000)
    rejects = [Reject(f"a-{n}", "judge", "odd", audio=bytes([n]) * 400) for n in range(10)]
    rejects += [Reject("a-3", "augment", "odd")]
    shards = [
        write_shard(tmp_path / f"{n}.parquet", rejects[n::3][::-1], kind)
        for n, kind in enumerate((JudgedClip, CleanClip, JudgedClip))
    ]
    stored = stored_rejects(shards)
    assert not any(one.reject.audio for one in stored)
    count = writer.write_rejects(tmp_path / "rejects.parquet", whole_rejects(stored))
    file = pq.ParquetFile(tmp_path / "rejects.parquet")
    assert count == file.metadata.num_rows == 11
    assert file.num_row_groups > 2
    written = [Reject(**row) for row in file.read().to_pylist()]
    assert written == sorted(rejects, key=reject_order)
