"""What it takes to start: CPU seconds of commands, of imports, and of Prefect under a flow.

    python -m benchmarks.start [--repeats 3]

Every figure is the least of `repeats` fresh processes, with the processes that each of them started
and waited for. Compare rows of one run: a busy machine makes all of them slower.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from models.evaluation.tables import markdown_table

_FLOW = """
from contextlib import nullcontext
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner
{before}

@task(persist_result=False)
def follow(previous): return previous

@flow(task_runner=ThreadPoolTaskRunner(max_workers=2), validate_parameters=False)
def chain():
    latest = 0
    for _ in range(60):
        latest = follow.submit(latest)
    return latest.result()

with {runs}:
    chain()
"""
_IN_MEMORY = _FLOW.format(
    before="from flows.in_memory_runs import in_memory_runs", runs="in_memory_runs()"
)
_WITH_SERVER = _FLOW.format(
    before="from flows.local_server import start_local_server\nstart_local_server()",
    runs="nullcontext()",
)
_COMMAND = "from flows.cli.app import main; main({!r})"


def programs(out: Path) -> dict[str, str]:
    """What is measured, by name; `out` is a folder for what `say` writes."""
    text, plain = "Turn on 2.5 lights.", "Turn the lights on."
    return {
        "`voxloom --help`": _COMMAND.format(["--help"]),
        "`import torch`, for comparison": "import torch",
        "`import pipeline.build.config`": "import pipeline.build.config",
        "imports of `voxloom verify`": "import flows.cli.app, pipeline.verify.dataset",
        "imports of `voxloom export`": "import flows.cli.app, pipeline.export.run",
        "`voxloom say`, plain words": _COMMAND.format(["say", plain, "-o", f"{out}/a.wav"]),
        "`voxloom say`, a decimal": _COMMAND.format(["say", text, "-o", f"{out}/b.wav"]),
        "`import prefect`, for comparison": "import prefect",
        "a flow of 60 tasks, runs in memory": _IN_MEMORY,
        "the same, with a temporary server": _WITH_SERVER,
    }


def cpu_seconds(program: str) -> float:
    """Of a fresh interpreter that runs `program`. Raises `RuntimeError` with what it printed."""
    environment = os.environ | {"PREFECT_LOGGING_LEVEL": "CRITICAL", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import flows\n{program}"],
            env=environment,
            stdout=printed,
            stderr=printed,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(0)
            raise RuntimeError(printed.read().decode(errors="replace"))
    return used.ru_utime + used.ru_stime


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            [name, f"{min(cpu_seconds(program) for _ in range(options.repeats)):.2f}"]
            for name, program in programs(Path(folder)).items()
        ]
    print(markdown_table(["", "CPU seconds"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
