"""`voxloom verify` and `voxloom report`: check a dataset; write its report page."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console, tell
from flows.cli.options import Dataset, Place, dataset_folder
from models.folders import check_file_can_be_written

_SHOWN = 20


def verify(
    dataset: Dataset,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes. Default: one per CPU core; 1 if small."),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Print every problem, not only the first 20.")
    ] = False,
) -> None:
    """Check a dataset: decode every clip, compare files, digests, fields, splits and counts.

    Prints one line per problem, with file and row. Exits with status 1 if there is one.

    [dim]Example:[/dim]  voxloom verify data/quickstart
    """
    from pipeline.dataset.record import read_record
    from pipeline.verify.dataset import verify as check

    with console.status(f"decoding every clip of {dataset}"):
        problems = check(dataset, workers)
    shown = len(problems) if show_all else _SHOWN
    for problem in problems[:shown]:
        print(f"error: {problem}", file=sys.stderr)
    if len(problems) > shown:
        print(f"error: and {len(problems) - shown} more problems (--all)", file=sys.stderr)
    if problems:
        sys.exit(1)
    record = read_record(dataset)
    console.print(f"{dataset}: {record.rows} rows, {record.hours:.2f} h, all in order")


def report(
    dataset: Place,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The page to write. Default: DATASET/report.html, here for an object store.",
        ),
    ] = None,
) -> None:
    """Write the report page: counts, histograms, coverage, clips to play.

    [dim]Example:[/dim]  voxloom report data/quickstart --out report.html
    """
    from models.object_store import RemotePath
    from pipeline.dataset.build_record import stamp_pages
    from pipeline.dataset.files import REPORT_FILE
    from pipeline.report.page import write_report

    if out:
        check_file_can_be_written(out, "--out")
    here = Path() if isinstance(dataset, RemotePath) else dataset
    out, dataset = out or here / REPORT_FILE, dataset_folder(dataset)
    with console.status(f"reading {dataset}"):
        write_report(dataset, out)
        if out.resolve() == (dataset / REPORT_FILE).resolve():
            stamp_pages(dataset, [REPORT_FILE])
    tell(f"report   {out}")
