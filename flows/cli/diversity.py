"""The options of `voxloom diversity`."""

from pathlib import Path
from typing import Annotated

import typer


def diversity(
    datasets: Annotated[
        list[Path], typer.Argument(help="What `build` made, or corpora: metadata.csv beside wavs/.")
    ],
    encoder: Annotated[
        str, typer.Option(help="A speaker encoder: a shipped one, or a folder.")
    ] = "speaker-encoder",
    clips: Annotated[int, typer.Option(help="At most, of each.", min=4)] = 300,
    seed: Annotated[int, typer.Option(help="Draws speakers and clips.", min=0)] = 0,
) -> None:
    """How unlike each other are the voices: of a dataset, beside those of real people.

    Every folder counts with as many speakers, and as many clips of each.

    [dim]Example:[/dim]

      voxloom diversity data/quickstart recordings/many-people
    """
    from flows.commands.diversity import diversity_command

    diversity_command(datasets, encoder, clips, seed)
