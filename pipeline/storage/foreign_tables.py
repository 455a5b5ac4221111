"""Parquet and Arrow files that anyone may have made, looked through before they are read.

Arrow trusts the lengths and offsets that stand in a file: a damaged one can end the process that
reads it. So a process of its own (`table_reader.py`) reads everything first; when it dies, the
file is told, and never read here.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from models.errors import DataError, shortened
from models.file_state import file_state

MAX_ROWS = 100_000_000  # of a file
MAX_BATCH_BYTES = 8_000_000_000  # of memory, while reading
_READER = Path(__file__).with_name("table_reader.py")
_sound: set[tuple[object, ...]] = set()  # what was looked through by this process


def check_tables(files: Sequence[Path], columns: Sequence[str] = ()) -> None:
    """Look through the schema, and the rows of `columns`, of every file in one process.

    Raises `DataError` naming the first file that cannot be read, and why. A file is looked at once
    as long as its state stays what it is.
    """
    keys = {file: _key(file, columns) for file in files}
    files = [file for file in files if keys[file] not in _sound]
    for file, problem in zip(files, _problems(files, columns), strict=False):
        if problem:
            raise DataError(f"{file}: not a sound {file.suffix} file ({shortened(problem, 300)})")
        _sound.add(keys[file])


def _key(file: Path, columns: Sequence[str]) -> tuple[object, ...]:
    try:
        state = file_state(file)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None
    return str(file.absolute()), state, tuple(columns)


def _problems(files: Sequence[Path], columns: Sequence[str]) -> list[str]:
    """What is wrong with each file, empty for one that is sound; none for those after a death."""
    if not files:
        return []
    asked = {
        "files": [str(file.absolute()) for file in files],
        "columns": list(columns),
        "max_rows": MAX_ROWS,
        "max_bytes": MAX_BATCH_BYTES,
    }
    done = subprocess.run(
        [sys.executable, "-P", str(_READER)],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    answers = done.stdout.decode(errors="replace").split("started\n")[1:]
    problems = [answer.strip() for answer in answers]
    if done.returncode or len(problems) < len(files):
        problems = [*problems[:-1], _death(done.returncode)]
    return ["" if problem == "fine" else problem for problem in problems]


def _death(code: int) -> str:
    try:
        cause = signal.Signals(-code).name
    except ValueError:
        cause = f"exit code {code}"
    return f"damaged: the process that reads it ends with {cause}"
