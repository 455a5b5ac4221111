"""The build whose sealing is measured has a row or a reject for every sentence."""

from pathlib import Path

import pytest

from benchmarks import seal
from benchmarks.seal import make_build, make_clips
from pipeline.build.config import load_build_config
from pipeline.build.seal import seal_build
from pipeline.dataset.record import read_record
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


def test_every_sentence_is_a_row_or_a_reject(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "_SPOKEN", 2)
    monkeypatch.setattr(seal, "_SHARD_SIZE", 8)
    monkeypatch.setattr(seal, "_REJECTED", 4)
    config = load_build_config(write_tiny_build(tmp_path, tiny_voices))
    clips = make_clips(config, tmp_path / "clips")
    (tmp_path / "large").mkdir()
    record = read_record(seal_build(make_build(config, 20, clips, tmp_path / "large")))
    assert (record.rows, record.rejects) == (15, 5)
