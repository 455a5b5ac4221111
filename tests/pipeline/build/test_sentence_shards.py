"""Sentences by ranges: the same rows whoever draws which range, and none said twice."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from models.errors import DataError
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.records import Reject, Sentence
from pipeline.sentences import ranges
from pipeline.sentences.generate import generate
from pipeline.storage.shards import read_shard
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices

COUNT = 120
SPLIT = {"train": 0.7, "validation": 0.2, "test": 0.1}


@pytest.fixture
def planned(tmp_path: Path, tiny_voices: TinyVoices) -> Callable[..., Job]:
    """The job of a build of `COUNT` sentences with a blocked word, and an own file."""
    path = write_tiny_build(tmp_path, tiny_voices)
    (tmp_path / "home/templates/wake.j2").write_text("Wake me at {{ time }} in the {{ place }}.\n")
    (tmp_path / "mine.txt").write_text("Ring Bo.\nWake me.\nStop it.\nLift off.\n")
    (tmp_path / "blocked.txt").write_text("oven\n")
    sentences = {
        "count": COUNT,
        "coverage": {"t": 1},
        "style": {"filler": 0.2, "politeness": 0.2},
        "filter": {"blocklist": str(tmp_path / "blocked.txt")},
        "files": [{"path": str(tmp_path / "mine.txt"), "share": 0.025}],
    }

    def planned(*overrides: str) -> Job:
        own = [f"sentences.{key}={json.dumps(value)}" for key, value in sentences.items()]
        return stages.plan(load_build_config(path, [*own, "runtime.shard_size=16", *overrides]))

    return planned


def rows_of(job: Job, **how: Any) -> list[Sentence | Reject]:
    """All rows, with the rejects of a shard after its sentences."""
    rows: list[Sentence | Reject] = []
    for path in stages.generate_shards(job, **how):
        shard = read_shard(path, Sentence)
        rows += [*shard.rows, *shard.rejects]
    return rows


def sentences_of(rows: Sequence[Sentence | Reject]) -> list[Sentence]:
    return [row for row in rows if isinstance(row, Sentence)]


def backwards(make: Callable[[Job, Any], Any], job: Job, pieces: Sequence[Any]) -> list[Any]:
    """The last piece first, and every one twice, as by a worker that was tried again."""
    for piece in reversed(pieces):
        make(job, piece)
    return [make(job, piece) for piece in pieces]


@pytest.mark.parametrize(
    ("strategy", "num_ranges"), [("weighted", 7), ("random", 3), ("zipf", 3), ("coverage", 3)]
)
def test_ranges_make_the_same_rows_whoever_makes_which(
    planned: Callable[..., Job],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    strategy: str,
    num_ranges: int,
) -> None:
    monkeypatch.setattr(ranges, "RANGE_SENTENCES", -(-117 // num_ranges))
    chosen = [
        f"sentences.strategy={strategy}",
        f"output.split={json.dumps(SPLIT)}",
        "output.disjoint=[text]",
        "sentences.repetitions=2",
    ]
    job = planned(*chosen)
    assert len(ranges.starts_of(job.config.sentences)) == num_ranges
    rows = rows_of(job)
    said = sentences_of(rows)
    assert len(said) == len({row.id for row in said}) == 2 * COUNT
    assert len({row.text for row in said}) == COUNT
    assert sum(row.source == "files" for row in said) == 6
    rejected = [row.id for row in rows if isinstance(row, Reject)]
    assert len(rejected) == len(set(rejected))
    for split in SPLIT:
        numbers = [row.number for row in said if row.split == split]
        assert numbers == list(range(len(numbers))), split
    elsewhere = ["runtime.shard_size=5", f"runtime.work_dir={tmp_path / 'elsewhere'}"]
    again = planned(*chosen, *elsewhere)
    assert sentences_of(rows_of(again, spread=backwards)) == said
    assert not [*job.work_dir.glob("drawn/*"), *job.work_dir.glob("kept/*")]


def test_one_range_is_what_generate_draws(planned: Callable[..., Job]) -> None:
    job = planned()
    expected = sentences_of(list(generate(job.config.sentences, job.config.seed)))
    assert [row.text for row in sentences_of(rows_of(job))] == [row.text for row in expected]


def test_the_first_range_says_what_a_build_of_that_size_says(
    planned: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = sentences_of(rows_of(planned("sentences.files=[]", "sentences.count=40")))
    monkeypatch.setattr(ranges, "RANGE_SENTENCES", 40)
    of_many = sentences_of(rows_of(planned("sentences.files=[]")))
    assert of_many[:40] == alone


def test_too_few_sentences_for_all_ranges_are_told(
    planned: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home/templates/wake.j2").unlink()
    monkeypatch.setattr(ranges, "RANGE_SENTENCES", 10)
    job = planned("sentences.files=[]", "sentences.count=40", "sentences.filter={}")
    with pytest.raises(
        DataError, match=r"home: 40 sentences asked for.*lacks \d+.*sentences\.count"
    ):
        stages.generate_shards(job)
