"""The options of `voxloom browse` and `voxloom drop`."""

from pathlib import Path
from typing import Annotated

import typer

_MARKS = "The file of marks; DATASET.marks.jsonl beside the dataset if not given."


def browse(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
    port: Annotated[int, typer.Option(help="0: any that is free.", min=0, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this are for all to reach.")
    ] = "127.0.0.1",
    marks: Annotated[Path | None, typer.Option(help=_MARKS)] = None,
) -> None:
    """Look through a whole dataset in a browser: search, play, mark clips as bad.

    The dataset is not changed; `voxloom drop` writes one without the marked clips, and
    `output.drop` leaves them out of the next build.

    [dim]Examples:[/dim]

      voxloom browse data/quickstart

      voxloom browse data/quickstart --port 9000 --marks mine.jsonl
    """
    from flows.commands.browse import browse_command

    browse_command(dataset, marks, host, port)


def drop(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
    to: Annotated[Path, typer.Option(help="The folder to write; new or empty.")],
    marks: Annotated[Path | None, typer.Option(help=_MARKS)] = None,
) -> None:
    """Write a dataset without the clips that were marked as bad; they become rejects.

    [dim]Example:[/dim]  voxloom drop data/quickstart --to data/quickstart-clean
    """
    from flows.commands.browse import drop_command

    drop_command(dataset, marks, to)
