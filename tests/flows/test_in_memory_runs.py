"""A flow without a server: its tasks, their retries and its errors are Prefect's all the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from flows.in_memory_runs import in_memory_runs


def test_tasks_of_a_flow_follow_each_other_and_are_tried_again() -> None:
    tries: list[int] = []

    @task(retries=2, retry_delay_seconds=0.01, persist_result=False)
    def add_one(number: int) -> int:
        tries.append(number)
        if tries.count(1) == 1 and number == 1:
            raise ConnectionError("node lost")
        return number + 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2), validate_parameters=False)
    def count() -> int:
        first = add_one.submit(0)
        return add_one(add_one.submit(first).result())

    with in_memory_runs():
        assert count() == 3
    assert tries == [0, 1, 1, 2]


def test_an_error_that_no_retry_cures_is_the_flows_error() -> None:
    @task(persist_result=False)
    def fail() -> None:
        raise ValueError("no such word")

    @flow
    def failing() -> None:
        fail.submit().result()

    with in_memory_runs(), pytest.raises(ValueError, match="no such word"):
        failing()


def test_no_part_of_a_server_is_imported(checkout: Path) -> None:
    program = """
import sys
from flows.in_memory_runs import in_memory_runs
from prefect import flow, task

@task(persist_result=False)
def speak(before=""): return "done"

@flow
def build(): return speak(speak.submit().result())

with in_memory_runs():
    assert build() == "done"
assert not [name for name in sys.modules if name.startswith(("prefect.server", "sqlalchemy"))]
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_nothing_is_sent_to_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*request: object, **options: object) -> None:
        raise AssertionError(f"sent: {request}")

    monkeypatch.setattr("httpx.Client.send", send)

    @task(persist_result=False)
    def speak(before: str) -> str:
        return before + "done"

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2), validate_parameters=False)
    def build() -> str:
        return speak(speak.submit("").result())

    with in_memory_runs():
        assert build() == "donedone"
