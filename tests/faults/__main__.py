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
_TABLE = "|---|---|---:|---|\n"  # the page has its head by hand, its rows from here


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
    head, table, rows = _PAGE.read_text(encoding="utf-8").partition(_TABLE)
    found = {old.split(" | ")[0][2:]: old for old in rows.splitlines()} | {name: line}
    lines = [found.get(name, f"| {name} | not run yet | | |") for name in FAULTS]
    _PAGE.write_text(head + table + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
