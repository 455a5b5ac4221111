"""A command checks and plans its build once, and hands the plan to the flow."""

import signal
from pathlib import Path

import pytest

from flows import prepare
from flows.run_build import run_build
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
    assert job.config is config
