"""How a build grows: CPU seconds a row and peak memory of the same build at several sizes.

    python -m benchmarks.growth [--sentences 300 3000 30000] [--config CONFIG] [--set KEY=VALUE]

Every build is `voxloom build` from nothing in processes of its own. `a further row` is what a row
took beyond the smaller build, without what every build takes to start and to seal; the memory is
the most that one process held. Worker processes are counted on Linux alone: they are forked from a
server, which outlives the build by a moment.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stages import describe_machine
from models.errors import DataError, VoxloomError
from models.evaluation.tables import MISSING, markdown_table

_KIB_A_MIB = 1024
_PR_SET_CHILD_SUBREAPER = 36  # sys/prctl.h


@dataclass(frozen=True, slots=True)
class Build:
    """What a build of so many sentences took."""

    sentences: int
    cpu_s: float
    peak_mib: float


def measure(config: Path, sentences: int, overrides: Sequence[str], folder: Path) -> Build:
    """Build into `folder`. Raises `DataError` with the last line of a build that failed."""
    settings = [
        *overrides,
        f"sentences.count={sentences}",
        f"output.path={folder / 'dataset'}",
        f"runtime.work_dir={folder / 'build'}",
    ]
    command = [sys.executable, "-m", "flows.cli.app", "build", str(config)]
    command += [word for setting in settings for word in ("--set", setting)]
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=printed)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        everyone = [used, *_orphans()]
        printed.seek(0)
        lines = printed.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise DataError(f"{config}: the build failed: {' '.join(lines[-1:])}")
    cpu_s = sum(one.ru_utime + one.ru_stime for one in everyone)
    return Build(sentences, cpu_s, max(one.ru_maxrss for one in everyone) / _KIB_A_MIB)


def _adopt_orphans() -> None:
    """Let what a build leaves behind become a child of this process, to be waited for."""
    with contextlib.suppress(OSError, AttributeError):  # not Linux
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _orphans() -> Iterator[resource.struct_rusage]:
    """What each child that is left took, once it has ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            yield os.wait4(-1, 0)[2]


def table(builds: Sequence[Build]) -> str:
    """A line a build, in rising size."""
    rows = []
    for number, build in enumerate(builds):
        further = MISSING
        if number:
            smaller = builds[number - 1]
            more = build.sentences - smaller.sentences
            further = f"{1000 * (build.cpu_s - smaller.cpu_s) / more:.0f}"
        each_ms = f"{1000 * build.cpu_s / build.sentences:.0f}"
        figures = [f"{build.sentences:,}", f"{build.cpu_s:.1f}", each_ms, further]
        rows.append([*figures, f"{build.peak_mib:.0f}"])
    header = ("sentences", "CPU s", "ms a row", "ms a further row", "peak MiB")
    return markdown_table(header, rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table; 1 when a build fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--sentences", type=int, nargs="+", default=[300, 3_000, 30_000])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--work", type=Path, help="where to write; gone at the end")
    options = parser.parse_args(argv)
    _adopt_orphans()
    builds = []
    for sentences in sorted(options.sentences):
        with tempfile.TemporaryDirectory(dir=options.work, prefix="voxloom-growth-") as folder:
            try:
                builds.append(measure(options.config, sentences, options.set, Path(folder)))
            except VoxloomError as error:
                print(f"error: {error}", file=sys.stderr)
                return 1
    print(describe_machine(), end="\n\n")
    print(table(builds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
