"""A clip's wave lies in one shard, and comes back with its judgement."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.judging.judged_shards import read_judged, write_judged
from pipeline.records import CleanClip, JudgedClip, MelClip, Performance, Reject
from pipeline.storage.shards import read_rejects, read_shard, write_shard
from tests.pipeline.synthetic_build import judged_clip

SPOKEN = Performance("anna", 1.0, 0.0, 1.0, (), "fs@0")
FIRST, LATER = (
    replace(judged, attempt=attempt, clean=replace(judged.clean, pcm=pcm))
    for attempt, pcm in enumerate((b"\1\2", b"\3\4"))
    for judged in [judged_clip(MelClip(f"a-{attempt}", SPOKEN, np.zeros((1, 1), np.float16)))]
)
FAILED = Reject("a-2", "judge", "it stuttered")


def test_the_wave_of_a_first_attempt_lies_with_the_vocoder_alone(tmp_path: Path) -> None:
    vocoded = [FIRST.clean, replace(LATER.clean, pcm=b"\5\6"), replace(FIRST.clean, id="a-2")]
    of_vocoder = write_shard(tmp_path / "vocode.parquet", vocoded, CleanClip)
    path = write_judged(tmp_path / "judge.parquet", [FIRST, LATER, FAILED])
    assert read_judged(path, of_vocoder) == [FIRST, LATER]
    assert read_rejects(path) == [FAILED]
    assert [clip.clean.pcm for clip in read_shard(path, JudgedClip).rows] == [b"", LATER.clean.pcm]
