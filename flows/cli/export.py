"""The options of `voxloom export`."""

import os
from pathlib import Path
from typing import Annotated

import typer


def export(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
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
        list[str] | None,
        typer.Option(help="Only this split. May be given many times; all if not given."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes, each for a data file; one a core if not given.", min=1),
    ] = None,
) -> None:
    """Write a dataset in the layout that another toolkit reads.

    Stop it at any moment and give the same command again: it goes on where it was. What lands
    where, and how each toolkit reads it: docs/EXPORT.md.

    [dim]Examples:[/dim]

      voxloom export data/quickstart --to lhotse-shar --out data/quickstart-shar

      voxloom export data/quickstart --to kaldi --out data/kaldi --split train --split test
    """
    from flows.commands.export import export_command

    export_command(dataset, to, out, split or [], workers or os.cpu_count() or 1)
