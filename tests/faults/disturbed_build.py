"""A build that can be disturbed, beside one that was not."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.build.config import load_build_config
from pipeline.build.job import Job
from pipeline.build.stages import plan
from pipeline.storage.versions import local_copy
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import save_tiny_voices

CHECKOUT = Path(__file__).resolve().parents[2]
DEADLINE_S = 400
_COUNT, _SHARD_SIZE = 12, 2
_ONE_ERROR = re.compile(r"^error: .+\n$")  # one line


class Ended(NamedTuple):
    """How a build ended: its status, and what it said on the error stream."""

    status: int
    errors: str


class DisturbedBuild:
    """A build of twelve sentences in six shards, in `folder`.

    `calm` are its rows as they come without a disturbance. Everything that it reads lies in
    `folder`, to be changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}  # of the builds, beside this process's
        voices = save_tiny_voices(folder / "voices")
        self.config = write_tiny_build(folder, voices, _COUNT, _SHARD_SIZE)
        calm = [f"output.path={folder / 'calm' / 'dataset'}"]
        self._calm_job = plan(load_build_config(self.config, calm))
        started = time.monotonic()
        self.calm = rows_by_id(run_stages(self._calm_job))
        self.calm_s = time.monotonic() - started
        self.job: Job = plan(load_build_config(self.config))

    def start(
        self, *overrides: str, code: str = "", before: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        """`voxloom build`, with `code` run before it and the words `before` in front of it."""
        main = f"{code}\nfrom flows.cli.app import main\nmain()"
        asked = [word for override in overrides for word in ("--set", override)]
        return subprocess.Popen(
            [*before, sys.executable, "-c", main, "build", str(self.config), *asked],
            cwd=CHECKOUT,
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *overrides: str, code: str = "", before: Sequence[str] = ()) -> Ended:
        return ended(self.start(*overrides, code=code, before=before))

    def until_made(self, stage: str, build: subprocess.Popen[str], number: int = 1) -> None:
        """Wait until `build` has made so many shards of a stage."""
        deadline = time.monotonic() + DEADLINE_S
        while len(self.job.made(stage)) < number:
            assert build.poll() is None, f"it ended too early: {ended(build)}"
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.01)

    def check_kept(self) -> None:
        """Every shard that lies there must have the bytes of the undisturbed build's."""
        for path in self.job.work_dir.rglob("*.parquet"):
            right = self._calm_job.work_dir / path.relative_to(self.job.work_dir)
            assert right.is_file(), f"{path}: the undisturbed build has no such shard"
            assert path.read_bytes() == right.read_bytes(), f"{path}: holds other rows"

    def check_goes_on(self, *overrides: str) -> None:
        """The same command again must end with the rows of the undisturbed build."""
        again = self.run(*overrides)
        assert again == Ended(0, ""), again
        assert rows_by_id(local_copy(self.job.config.output.path)) == self.calm

    def check_told(self, build: Ended, pattern: str) -> str:
        """It must have ended in an error of one line that matches, and left no dataset."""
        assert build.status == 1, build
        assert _ONE_ERROR.fullmatch(build.errors), build.errors
        assert re.search(pattern, build.errors), build.errors
        assert not self.job.config.output.path.exists()
        return self.told(build)

    def told(self, build: Ended) -> str:
        """What a build said, without what is different on the next machine."""
        said = build.errors.strip().replace(f"{self.folder}/", "")
        said = re.sub(
            r"process \d+ on \S+ since [\d: -]+ \(.*\)", "process N on HOST since TIME", said
        )
        return re.sub(r"\b\d+ of (?=\d+ shards)", "N of ", said)

    def clear(self) -> None:
        """Forget all that was made."""
        shutil.rmtree(self.job.config.output.path, ignore_errors=True)
        shutil.rmtree(self.job.work_dir, ignore_errors=True)


def ended(build: subprocess.Popen[str]) -> Ended:
    _, errors = build.communicate(timeout=DEADLINE_S)
    return Ended(build.returncode, errors)


def processes_of(pid: int, called: str) -> list[int]:
    """The process ids of all that `pid` started, and that those did, with a word in their command
    line (Linux).
    """
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for path in listed for child in _content(path).split()]
    found = [child for child in children if called in _content(Path(f"/proc/{child}/cmdline"))]
    return found + [own for child in children for own in processes_of(child, called)]


def _content(of_process: Path) -> str:
    """Nothing of one that is gone."""
    try:
        return of_process.read_text()
    except OSError:
        return ""


def swapped(path: Path, change: Callable[[Path], object]) -> Callable[[], None]:
    """Change a file or folder; returns what puts it back."""
    kept = path.with_name(f".{path.name}.kept")
    (shutil.copytree if path.is_dir() else shutil.copy2)(path, kept)
    change(path)

    def put_back() -> None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        os.rename(kept, path)

    return put_back
