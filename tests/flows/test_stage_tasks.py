"""Names, groups, attempts and time of the tasks that run stages; the stages are others' tests."""

import asyncio
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prefect import flow, task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed
from prefect.task_engine import TaskRunTimeoutError
from prefect.tasks import Task
from prefect.utilities.callables import cloudpickle_wrapped_call

from flows import stage_tasks
from flows.in_memory_runs import in_memory_runs
from flows.stage_tasks import is_worth_retrying, numbers_of, within
from models.errors import DataError
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.stages import MAKERS, STAGE_NAMES, generate_shards, plan
from pipeline.dataset.pieces import in_groups
from pipeline.records import Sentence
from pipeline.sentences import ranges
from pipeline.sentences.generate import SentencesConfig
from pipeline.storage.shards import read_shard
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


def test_an_error_that_only_a_person_can_cure_is_not_tried_again() -> None:
    async def answers() -> list[bool]:
        errors = [DataError("disk is full"), BrokenProcessPool(), ConnectionError("node lost")]
        run = TaskRun.model_construct()
        states = [Failed(data=error) for error in errors]
        return [await is_worth_retrying(stage_tasks.judge, run, state) for state in states]

    assert asyncio.run(answers()) == [False, False, True]


def test_a_build_of_any_size_has_a_few_thousand_task_runs() -> None:
    shards = [Path(f"{index:05}-key.parquet") for index in range(20_000)]
    groups = in_groups(shards, stage_tasks.MAX_STAGE_RUNS)
    assert [shard for group in groups for shard in group] == shards
    assert len(groups) * len(stage_tasks.CHAIN) <= stage_tasks.MAX_TASK_RUNS
    assert in_groups(shards[:2]) == [[shards[0]], [shards[1]]]
    assert [numbers_of(group) for group in (groups[0], shards[:1])] == ["shards 0-39", "shard 0"]


def test_a_build_of_a_thousand_million_rows_has_a_few_thousand_task_runs() -> None:
    rows, shard_size = 10**9, 1024
    num_ranges = len(ranges.starts_of(SentencesConfig(Path("prompts/voice_assistant"), rows)))
    assert num_ranges == 1000
    tasks = stage_tasks.tasks_of(-(-rows // shard_size), num_ranges)
    assert sum(tasks.values()) <= 5000
    of_a_step = len(in_groups(range(num_ranges), stage_tasks.MAX_PIECE_RUNS))
    assert tasks["generate"] == 2 * of_a_step == 400
    assert stage_tasks.tasks_of(2) == dict.fromkeys(STAGE_NAMES, 2) | {"generate": 1, "seal": 1}


def test_a_task_spreads_pieces_over_workers_and_has_them_in_order() -> None:
    job = cast(Job, SimpleNamespace(config=SimpleNamespace(name="tiny"), device="cpu"))
    spread = stage_tasks.spread_over("manifest", "seal")

    @task
    def whole() -> list[tuple[int, str]]:
        def where(_: Job, piece: int) -> tuple[int, str]:
            return piece, threading.current_thread().name

        return spread(where, job, range(7))

    @flow
    def one_task() -> list[tuple[int, str]]:
        return whole()

    with in_memory_runs():
        made = one_task()
    assert [piece for piece, _ in made] == list(range(7))
    assert threading.current_thread().name not in {thread for _, thread in made}


@pytest.mark.parametrize("sent", [*stage_tasks.CHAIN, stage_tasks.make_pieces])
def test_what_is_submitted_can_be_sent_to_a_worker_process(sent: Task[..., Any]) -> None:
    cloudpickle_wrapped_call(repr, sent)()


def test_ranges_of_sentences_are_made_by_tasks(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "RANGE_SENTENCES", 5)
    config = write_tiny_build(tmp_path, tiny_voices, 12, shard_size=4)
    here, by_tasks = (
        plan(load_build_config(config, [f"runtime.work_dir={tmp_path / name}"])) for name in "ab"
    )

    @flow(validate_parameters=False)
    def sentences() -> list[Path]:
        return stage_tasks.sentence_shards(by_tasks)

    with in_memory_runs():
        made = sentences()
    expected = [read_shard(path, Sentence) for path in generate_shards(here)]
    assert [read_shard(path, Sentence) for path in made] == expected


def test_a_shard_that_takes_too_long_is_ended(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = plan(load_build_config(write_tiny_build(tmp_path, tiny_voices)))

    def endless(*_: object) -> Path:
        while True:
            time.sleep(0.01)

    monkeypatch.setitem(MAKERS, "judge", endless)
    judge = next(stage for stage in within(0.1, num_shards=2) if stage.name == "judge")
    once = judge.with_options(retries=0)

    @flow(validate_parameters=False)
    def one_stage() -> None:
        once.submit(job, [Path("00000-key.parquet")]).result()

    with in_memory_runs(), pytest.raises(TaskRunTimeoutError, match=r"after 0\.2 second"):
        one_stage()
