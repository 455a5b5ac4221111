"""`voxloom verify` and `voxloom report`: look at a dataset that is there."""

import sys
from pathlib import Path

from rich.console import Console

console = Console(highlight=False)
_SHOWN = 20


def verify_command(dataset: Path) -> None:
    """Print every problem (the first 20 of many) and exit with 1, or say that all is well."""
    from pipeline.dataset import read_build
    from pipeline.verify import verify

    with console.status(f"decoding every clip of {dataset}"):
        problems = verify(dataset)
    for problem in problems[:_SHOWN]:
        print(f"error: {problem}", file=sys.stderr)
    if len(problems) > _SHOWN:
        print(f"error: and {len(problems) - _SHOWN} more problems", file=sys.stderr)
    if problems:
        sys.exit(1)
    build = read_build(dataset)
    console.print(f"{dataset}: {build['rows']} rows, {build['hours']:.2f} h, all in order")


def report_command(dataset: Path, out: Path) -> None:
    """Write the report page and say where it is."""
    from pipeline.report import write_report

    with console.status(f"reading {dataset}"):
        write_report(dataset, out)
    console.print(f"report   {out}", soft_wrap=True)
