"""`voxloom export`: a dataset in another toolkit's layout."""

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console
from flows.cli.options import Dataset


def export(
    dataset: Dataset,
    to: Annotated[
        str,
        typer.Option(
            metavar="FORMAT",
            help="nemo, nemo-tarred, lhotse, lhotse-shar, kaldi, espnet, speechbrain, webdataset, "
            "hf-audiofolder, ljspeech or openwakeword.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write; new or empty.")],
    split: Annotated[
        list[str] | None, typer.Option(help="Export only this split. Repeatable.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes. Default: one per CPU core.", min=1)
    ] = None,
) -> None:
    """Convert a dataset to the layout of another toolkit.

    If interrupted, the same command resumes. docs/EXPORT.md describes each layout and how the
    toolkit reads it.

    [dim]Examples:[/dim]

      voxloom export data/quickstart --to lhotse-shar --out data/quickstart-shar

      voxloom export data/quickstart --to kaldi --out data/kaldi --split train --split test
    """
    from pipeline.export.run import ExportRequest, export_dataset

    workers = workers or os.cpu_count() or 1
    request = ExportRequest(dataset, to, out, tuple(split or ()), workers)
    with console.status("reading the dataset") as status:
        exported = export_dataset(
            request, lambda done, of: status.update(f"written: {done} of {of} data files")
        )
    clips = ", ".join(f"{count:,} {name}" for name, count in exported.clips.items())
    console.print(f"{out}: {to}, {clips}{' (was there)' if exported.was_there else ''}")
