"""`voxloom plan`: what it says of a build, from samples that others measure."""

import os
from pathlib import Path

import pytest

from pipeline.build import estimate
from pipeline.build.estimate import Spent
from tests.flows.cli.commands import run
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


def _spent(sentences: int) -> Spent:
    """A second a sentence and 2 MB of each stage's shards."""
    stages = ("generate", "synthesize", "seal")
    return Spent(
        sentences=sentences,
        shards_s=0.9 * sentences,
        seal_s=0.1 * sentences,
        cpu_s=dict.fromkeys(stages, 1.2 * sentences),
        shard_bytes=dict.fromkeys(stages[:2], 2_000_000 * sentences),
        data_bytes=1_000_000 * sentences,
        page_bytes=0,
        cache_bytes=0,
        memory_bytes=2_000_000_000,
    )


@pytest.mark.parametrize(("load", "is_busy"), [(0.1, False), (99.0, True)])
def test_hours_tasks_disk_and_memory_are_told(
    tmp_path: Path,
    tiny_voices: TinyVoices,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    load: float,
    is_busy: bool,
) -> None:
    samples = [_spent(8), _spent(24), _spent(96)]
    monkeypatch.setattr(estimate, "measure", lambda *_: samples)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    config = write_tiny_build(tmp_path, tiny_voices, 25, shard_size=4)
    assert run("plan", config) == 0
    told = capsys.readouterr().out
    lines = [line.split() for line in told.splitlines()]
    assert ["synthesize", "cpu", "7", "0.0083", "0.05"] in lines
    assert "25 sentences on 2 workers" in told
    assert "dataset  0.025 GB" in told
    assert "shards   0.1 GB" in told
    assert "memory   2 GB" in told
    assert ("others work here (load 99.0" in told) is is_busy
