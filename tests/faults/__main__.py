"""`python -m tests.faults [NAME...]`: run faults (all), and tell docs/FAULTS.md how they ended."""

import datetime
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.disturbed_build import CHECKOUT, DisturbedBuild
from tests.faults.faults import FAULTS

_PAGE = CHECKOUT / "docs" / "FAULTS.md"
_HEAD = """# Faults

`make faults` disturbs a build of 12 sentences in 6 shards and checks how it ends: with the rows of
an undisturbed build, or with an error of one line; and every shard that is kept must have the bytes
of the undisturbed build's. `python -m tests.faults NAME...` runs some of them. The table is
written by the command; `make test` runs a smaller part (`tests/flows/test_build_dataset.py`,
`tests/flows/test_stopping.py`, `tests/pipeline/build/test_making.py`, `test_stages.py`).

| fault | how it ended | s | on |
|---|---|---:|---|
"""


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        print(f"error: no fault `{unknown[0]}`; there are {', '.join(FAULTS)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or FAULTS:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="voxloom-fault-") as folder:
            try:
                how = FAULTS[name](DisturbedBuild(Path(folder)))
            except AssertionError as error:
                failed, how = failed + 1, f"FAILED: {error}".replace("\n", " ")
        seconds = time.monotonic() - started
        print(f"{name}: {how} ({seconds:.0f} s)", flush=True)
        _write_line(name, f"| {name} | {how} | {seconds:.0f} | {_machine()} |")
    return 1 if failed else 0


def _machine() -> str:
    return f"{datetime.date.today()}, {os.cpu_count()} cores {platform.machine()}"


def _write_line(name: str, line: str) -> None:
    """Put the line of a fault into the page, in the order of `FAULTS`, beside those of others."""
    lines = _PAGE.read_text(encoding="utf-8").splitlines() if _PAGE.is_file() else []
    found = {old.split(" | ")[0][2:]: old for old in lines if old.startswith("| ")} | {name: line}
    table = [found.get(name, f"| {name} | not run yet | | |") for name in FAULTS]
    _PAGE.write_text(_HEAD + "\n".join(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
