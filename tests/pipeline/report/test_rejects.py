"""What the report says of clips that were lost."""

from pathlib import Path

import numpy as np

from pipeline.audio.files import encode_flac
from pipeline.build.seal import seal
from pipeline.dataset.manifest import write_part
from pipeline.dataset.output import OutputConfig
from pipeline.records import FinishedClip, Reject
from pipeline.report.rejects import reject_reasons, rejected_section
from pipeline.storage.shards import write_shard
from tests.pipeline.synthetic_build import build_info, rows_of

FLAC = encode_flac(np.zeros(100, np.float32), 16000)
MUMBLED = Reject(
    "home-x", "judge", "level below -50; phone error rate above 0.6", "call:1", "anna", FLAC
)


def test_reasons_that_differ_in_figures_are_one() -> None:
    rejects = [Reject("1", "augment", "rate 0.8"), Reject("2", "augment", "rate 0.95")]
    (reason,) = reject_reasons(rejects)
    assert (reason.reason, reason.count, reason.example.id) == ("rate …", 2, "1")


def test_a_clip_counts_for_each_of_its_reasons() -> None:
    assert [reason.reason for reason in reject_reasons([MUMBLED])] == [
        "level below -…",
        "phone error rate above …",
    ]


def test_the_page_plays_what_was_lost_and_says_of_whom(tmp_path: Path) -> None:
    rows = rows_of(range(6))
    rows[0]["attempt"] = 2
    part = write_part(tmp_path / "part.parquet", rows)
    lost = write_shard(tmp_path / "lost.parquet", [MUMBLED], FinishedClip)
    dataset = seal([part], [lost], build_info(), OutputConfig(tmp_path / "out"))
    section = rejected_section(dataset, rows)
    assert [(item.name, item.rejected) for item in section.speakers] == [("anna", 1)]
    assert [(item.name, item.rejected) for item in section.templates] == [("call:1", 1)]
    assert [reject.id for reject, _ in section.played] == ["home-x"]
    page = (dataset / "report.html").read_text()
    assert section.played[0][1] in page
    assert "1 more clips failed at first" in page
