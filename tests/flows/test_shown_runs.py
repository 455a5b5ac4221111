"""What a real Prefect server knows of builds: names, logs, artifacts, and how they failed."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun

from flows.build_dataset import build, extend_dataset
from models.errors import DataError
from pipeline.build.config import load_build_config
from pipeline.build.stages import plan
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices

DEADLINE_S = 60
T = TypeVar("T")


def _awaited(ask: Callable[[], T], is_enough: Callable[[T], bool]) -> T:
    """Runs of tasks and logs reach a server a little later."""
    started = time.monotonic()
    while not is_enough(answer := ask()):
        assert time.monotonic() - started < DEADLINE_S, f"waited too long; there was {answer}"
        time.sleep(0.1)
    return answer


def _run_called(server: SyncPrefectClient, name: str) -> FlowRun:
    by_name = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
    (run,) = server.read_flow_runs(flow_run_filter=by_name)
    return run


def _artifact(server: SyncPrefectClient, key: str) -> Artifact:
    by_key = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    (artifact,) = server.read_artifacts(artifact_filter=by_key)
    return artifact


def test_a_build_shows_its_runs_its_logs_and_its_dataset(
    tmp_path: Path, tiny_voices: TinyVoices, server: SyncPrefectClient
) -> None:
    config = str(write_tiny_build(tmp_path, tiny_voices, 4, shard_size=2))
    dataset = str(tmp_path / "dataset")
    for _ in range(2):  # the second time there is nothing to add
        assert extend_dataset(dataset, config, seed=3, keep_shards=False) == dataset
    assert not list(tmp_path.rglob(".voxloom/**/*.parquet"))
    _run_called(server, "build, seed 3")
    run = _run_called(server, "tiny, 2 shards, seed 3")
    stages = ("frontend", "synthesize", "vocode", "judge", "augment", "manifest")
    expected = {f"tiny {stage} shard {shard}" for stage in stages for shard in (0, 1)}
    of_flow = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
    names = _awaited(
        lambda: {task.name for task in server.read_task_runs(flow_run_filter=of_flow)},
        lambda found: len(found) == len(expected) + 2,
    )
    assert names == expected | {"tiny generate", "tiny seal"}

    of_run = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
    line_of_shard = re.compile(r"00001-\w+\.parquet: 2 rows, in [\d.]+ s")
    _awaited(
        lambda: [line.message for line in server.read_logs(of_run, limit=200)],
        lambda lines: any(line_of_shard.fullmatch(line) for line in lines),
    )

    assert _artifact(server, "tiny-progress").data == 100
    stages_table = json.loads(str(_artifact(server, "tiny-stages").data))
    assert stages_table[-1] == {"stage": "manifest", "rows": 4, "rejected": 0, "reasons": ""}
    summary = str(_artifact(server, "tiny-dataset").data)
    assert "| rows | 4 (" in summary
    assert "| audit | " in summary
    assert f"{dataset}/report.html" in summary


def test_a_failed_run_says_in_a_line_what_went_wrong(
    tmp_path: Path, tiny_voices: TinyVoices, server: SyncPrefectClient
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices, 2)
    with pytest.raises(DataError, match="every utterance was rejected"):
        build(plan(load_build_config(config, ["judge.max_phone_error_rate=0.01", "name=quiet"])))
    state = _run_called(server, "quiet, 1 shards, seed 3").state
    assert state is not None
    assert re.fullmatch(
        r"Flow run .* DataError: every utterance was rejected.*", str(state.message)
    )
