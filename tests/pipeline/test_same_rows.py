"""The same config and seed give the same rows, whatever the workers, shards and processes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import pytest

from models.config import as_mapping, build
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.records import Sentence, SpokenSentence
from pipeline.sentences.drawing.sampling import Strategy
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.storage.shards import read_shard
from tests.tiny_build import rows_of_build, write_tiny_build
from tests.tiny_voices import TinyVoices

COUNT = 60
SOURCES = {"templates", "files", "negatives"}
ACCENTS = {"en-us": 2, "en-gb": 1, "en-gb-scotland": 1}


def mixed(folder: Path, strategy: str) -> dict[str, Any]:
    """A config's `sentences`: half from templates, the rest from a table and near misses."""
    table = folder / "mine.csv"
    if not table.exists():
        lines = [f"Fly me to gate {number}.,fly,{number}" for number in range(200)]
        table.write_text("\n".join(["text,intent,gate", *lines]))
    return {
        "domain": "prompts/voice_assistant",
        "count": COUNT,
        "strategy": strategy,
        "coverage": {"t": 1},
        "style": {"filler": 0.2, "restart": 0.1, "politeness": 0.2},
        "files": [{"path": str(table), "share": 0.3, "slots": "gate"}],
        "negatives": {"share": 0.2, "phrases": ["turn on the lights", "hey computer"]},
    }


def sentences(section: dict[str, Any], seed: int) -> list[Any]:
    config = build(SentencesConfig, section, where="test.yaml")
    return [as_mapping(row) for row in generate(config, seed)]


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_another_seed_gives_other_sentences(tmp_path: Path, strategy: str) -> None:
    def by_source(seed: int) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {source: set() for source in SOURCES}
        for row in sentences(mixed(tmp_path, strategy), seed):
            if "source" in row:
                found[row["source"]].add(row["text"])
        return found

    first, second = by_source(1), by_source(2)
    assert first == by_source(1)
    for source in SOURCES:
        assert len(first[source] - second[source]) > 5, source


def test_another_process_gives_the_same_sentences(tmp_path: Path, checkout: Path) -> None:
    """Also where sets of texts come in another order."""
    sections = [mixed(tmp_path, strategy) for strategy in get_args(Strategy)]
    script = """
import json, sys
from models.config import as_mapping, build
from pipeline.sentences.generate import SentencesConfig, generate
configs = [build(SentencesConfig, section, where="test.yaml") for section in json.load(sys.stdin)]
print(json.dumps([[as_mapping(row) for row in generate(config, 7)] for config in configs]))
"""
    other = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(sections),
        capture_output=True,
        check=True,
        text=True,
        cwd=checkout,
        env=os.environ | {"PYTHONHASHSEED": "4242"},
    )
    assert json.loads(other.stdout) == [sentences(section, 7) for section in sections]


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_shards_and_workers_change_no_spoken_sentence(
    tmp_path: Path, tiny_voices: TinyVoices, strategy: str
) -> None:
    path = write_tiny_build(tmp_path, tiny_voices)
    overrides = [
        f"sentences={json.dumps(mixed(tmp_path, strategy))}",
        f"text.accent={json.dumps(ACCENTS)}",
        "text.variants={flapping: 0.5, weak_forms: 0.5}",
    ]

    def rows_of(shard_size: int, workers: int) -> tuple[list[Sentence], list[SpokenSentence]]:
        runtime = [f"runtime.shard_size={shard_size}", f"text.workers={workers}"]
        job = stages.plan(load_build_config(path, [*overrides, *runtime]))
        made = stages.generate_shards(job)
        with ThreadPoolExecutor(workers) as pool:
            spoken = list(pool.map(lambda shard: stages.frontend_shard(job, shard), made))
        return (
            [row for shard in made for row in read_shard(shard, Sentence).rows],
            [row for shard in spoken for row in read_shard(shard, SpokenSentence).rows],
        )

    written, spoken = rows_of(shard_size=50, workers=1)
    assert len(written) == COUNT
    assert {row.source for row in written} == SOURCES
    assert {row.accent for row in spoken} == set(ACCENTS)
    assert any(row.style for row in written)
    assert rows_of(shard_size=7, workers=2) == (written, spoken)


def test_shards_and_workers_change_no_row_of_a_build(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    path = write_tiny_build(tmp_path, tiny_voices)
    table = tmp_path / "mine.txt"
    table.write_text("Ring Bo.\nWake me.\nStop it.\n")

    def build_rows(shard_size: int, workers: int) -> dict[str, dict]:
        folder = tmp_path / f"{shard_size}-{workers}"
        overrides = [
            f"sentences.files=[{{path: {table}, share: 0.25}}]",
            f"runtime={{shard_size: {shard_size}, workers: {workers}, device: cpu}}",
            f"output.path={folder / 'dataset'}",
        ]
        job = stages.plan(load_build_config(path, overrides))
        return rows_of_build(job, workers)

    first = build_rows(shard_size=3, workers=1)
    assert len(first) == 12
    assert {row["source"] for row in first.values()} == {"templates", "files"}
    for shard_size, workers in ((50, 1), (3, 2)):
        assert build_rows(shard_size, workers) == first
