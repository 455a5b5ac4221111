"""The options of `voxloom replay`."""

from pathlib import Path
from typing import Annotated

import typer


def replay(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
    row: Annotated[str, typer.Argument(metavar="ID", help="The row's id.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the clip here: .wav or .flac.")
    ] = None,
    work_dir: Annotated[
        Path | None, typer.Option(help="The build's shards; .voxloom/NAME beside it if not given.")
    ] = None,
) -> None:
    """Make a clip again from its clean version and its row's `augmentations`, and compare.

    Ends with status 1 if a single sample differs.

    [dim]Example:[/dim]  voxloom replay data/rough voice_assistant-0123456789ab --out again.wav
    """
    from flows.commands.verify import replay_command

    replay_command(dataset, row, out, work_dir)
