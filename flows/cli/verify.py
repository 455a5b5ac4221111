"""The options of `voxloom verify`."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes; one a core if not given, one for a small dataset."),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Print every problem, not only the first 20.")
    ] = False,
) -> None:
    """Decode every clip of a dataset and check that all of it agrees: files and their digests,
    fields, splits, licences, counts.

    Ends with status 1 if anything is wrong, and says in which file and row, one line a problem.

    [dim]Example:[/dim]  voxloom verify data/quickstart
    """
    from flows.commands.verify import verify_command

    verify_command(dataset, workers, show_all)
