"""The flow for real: Prefect's engine, a kill -9 in the middle, and errors."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path

import pytest

from flows.build_dataset import _naming, wavefront
from flows.build_dataset import build as build_flow
from models.errors import DataError
from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.runtime import RuntimeConfig
from pipeline.build.stages import plan
from tests.flows.cli.commands import run
from tests.tiny_build import rows_by_id, write_tiny_build
from tests.tiny_voices import TinyVoices

COUNT = 12
SHARD_SIZE = 2
PROCESSES = ("--set", "runtime.runner=processes")
DEADLINE_S = 180


def _start(checkout: Path, config: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flows.cli.app", "build", str(config), *arguments]
    return subprocess.Popen(
        command,
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _wait_for(condition: Iterator[bool]) -> None:
    started = time.monotonic()
    for is_met in condition:
        if is_met:
            return
        assert time.monotonic() - started < DEADLINE_S, "waited too long"
        time.sleep(0.02)


def _some_shards_done(job: Job, build: subprocess.Popen[str]) -> Iterator[bool]:
    while True:
        assert build.poll() is None, f"the build ended before it was killed: {build.communicate()}"
        yield bool(job.made("vocode"))


@pytest.mark.usefixtures("command_log")
def test_a_killed_build_goes_on_and_ends_with_the_same_rows(
    checkout: Path,
    tmp_path: Path,
    tiny_voices: TinyVoices,
    tiny_dataset: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Two processes end with theirs, which is killed, and one thread goes on."""
    config = write_tiny_build(tmp_path, tiny_voices, COUNT, SHARD_SIZE)
    job = plan(load_build_config(config))
    build = _start(checkout, config, *PROCESSES)
    _wait_for(_some_shards_done(job, build))
    os.kill(build.pid, signal.SIGKILL)
    build.communicate()
    assert not job.config.output.path.exists()
    survivors = {path: path.stat().st_mtime_ns for path in job.work_dir.rglob("*.parquet")}
    assert len(survivors) < 6 * job.num_shards

    assert run("build", config, "--set", "runtime.workers=1") == 0
    output, errors = capfd.readouterr()
    assert errors == ""
    assert "report.html" in output
    assert {path: path.stat().st_mtime_ns for path in survivors} == survivors
    rows = rows_by_id(job.config.output.path)
    assert len(rows) == COUNT
    assert rows == rows_by_id(tiny_dataset), "those of larger shards, undisturbed"


@pytest.mark.parametrize("options", [(), PROCESSES], ids=["threads", "processes"])
def test_ctrl_c_leaves_at_once_and_leaves_nothing_running(
    checkout: Path,
    tmp_path: Path,
    tiny_voices: TinyVoices,
    capfd: pytest.CaptureFixture[str],
    options: tuple[str, ...],
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices, COUNT, SHARD_SIZE)
    build = _start(checkout, config, *options)
    _wait_for(_some_shards_done(plan(load_build_config(config)), build))
    os.kill(build.pid, signal.SIGSTOP)  # so that it cannot be done before the second has begun
    assert run("build", config, "--set", "seed=9") == 1
    os.kill(build.pid, signal.SIGCONT)
    refused = capfd.readouterr().err
    assert re.fullmatch(rf"error: .*dataset: process {build.pid} on .* one at a time\n", refused)
    os.killpg(build.pid, signal.SIGINT)  # a terminal sends it to all of them
    _, errors = build.communicate(timeout=30)
    assert build.returncode == 130
    assert re.fullmatch(
        r"stopped; \d+ of 42 shards are kept, those in work were dropped; "
        r"the same command goes on from here",
        errors.strip(),
    )


@pytest.mark.usefixtures("command_log")
def test_an_error_in_a_stage_is_told_in_one_line(
    tmp_path: Path, tiny_voices: TinyVoices, capfd: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices, count=4)
    assert run("build", config, "--set", "judge.max_phone_error_rate=0.01") == 1
    errors = capfd.readouterr().err
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert "every utterance was rejected" in errors
    assert not (tmp_path / "dataset").exists()


def test_an_error_of_a_library_names_its_run_in_one_line() -> None:
    with pytest.raises(DataError) as caught, _naming("tiny vocode shard 3"):
        raise RuntimeError("cuDNN error.\nIn a call of it")
    message = "tiny vocode shard 3: RuntimeError: cuDNN error. (--verbose tells where)"
    assert str(caught.value) == message
    with pytest.raises(DataError, match=r"^disk is full$"), _naming("tiny vocode shard 3"):
        raise DataError("disk is full")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_lack_of_memory_is_told_with_what_to_lower(error: Exception) -> None:
    message = (
        "^tiny vocode shard 3: not enough memory; lower runtime.workers or runtime.shard_size$"
    )
    with pytest.raises(DataError, match=message), _naming("tiny vocode shard 3"):
        raise error


def test_wavefront_keeps_each_shards_stages_in_order() -> None:
    submitted = list(wavefront(num_stages=3, num_shards=4))
    assert sorted(submitted) == [(stage, shard) for stage in range(3) for shard in range(4)]
    for shard in range(4):
        assert [stage for stage, other in submitted if other == shard] == [0, 1, 2]


def test_wavefront_puts_other_shards_between_two_stages_of_one() -> None:
    """A waiting task holds its worker, so a chain must not be submitted in one go."""
    submitted = list(wavefront(num_stages=5, num_shards=20))
    middle = [position for position, (_, shard) in enumerate(submitted) if shard == 10]
    assert min(later - sooner for sooner, later in itertools.pairwise(middle)) >= 4


def test_where_worker_processes_die_the_build_goes_on_with_fewer(
    tmp_path: Path,
    tiny_voices: TinyVoices,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workers: list[int | None] = []

    class Flow:
        def with_options(self, task_runner: RuntimeConfig) -> "Flow":
            workers.append(task_runner.workers)
            return self

        def __call__(self, job: Job) -> Path:
            if len(workers) < 3:
                raise BrokenProcessPool
            return job.config.output.path

    monkeypatch.setattr("flows.build_dataset.build_shards", Flow())
    monkeypatch.setattr("flows.build_dataset.made_for", lambda job: nullcontext(job.config.runtime))
    four = ["runtime.workers=4"]
    job = plan(load_build_config(write_tiny_build(tmp_path, tiny_voices), four))
    assert build_flow(job) == job.config.output.path
    assert workers == [4, 2, 1]
    assert capsys.readouterr().err.endswith("a worker process died; going on with 1\n")
    monkeypatch.setattr(Flow, "__call__", lambda *_: _break())
    with pytest.raises(DataError, match="worker processes died 3 times"):
        build_flow(job)


def _break() -> None:
    raise BrokenProcessPool
