"""A command checks and plans its build once, and hands the plan to the flow."""

import logging
import signal
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import prepare
from flows.run_build import _prefect_log, run_build
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


def test_a_build_is_checked_and_planned_once(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    check, plan = prepare.check_build, prepare.plan
    monkeypatch.setattr(prepare, "check_build", lambda *a: (calls.append("check"), check(*a)))
    monkeypatch.setattr(prepare, "plan", lambda *a: (calls.append("plan"), plan(*a))[1])
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def build(job: Job) -> Path:
        calls.append(job)
        return job.config.output.path

    monkeypatch.setattr("flows.build_dataset.build", build)
    config = load_build_config(write_tiny_build(tmp_path, tiny_voices))
    assert run_build(config, verbose=False) == config.output.path
    assert calls[:2] == ["check", "plan"]
    (job,) = calls[2:]
    assert isinstance(job, Job)
    assert job.config == config


@pytest.mark.usefixtures("command_log")
def test_a_server_gets_the_log_that_the_console_does_not() -> None:
    of_tasks = logging.getLogger("prefect.task_runs")
    for address, is_logged in ((None, False), ("http://127.0.0.1:1/api", True)):
        with temporary_settings({PREFECT_API_URL: address}), _prefect_log(verbose=False):
            assert of_tasks.isEnabledFor(logging.INFO) is is_logged
            assert [handler.level for handler in logging.getLogger().handlers][:1] == [
                logging.CRITICAL
            ]
