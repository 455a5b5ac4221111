"""`voxloom diversity`: distances between voices, by speaker embeddings."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console
from flows.cli.options import MOST_SEED, dataset_folder

_HEADINGS = (
    "folder",
    "speakers",
    "clips",
    "between speakers",
    "within a speaker",
    "effective speakers",
    "effective clips",
)

Folders = Annotated[
    list[Path],
    typer.Argument(
        parser=dataset_folder,
        metavar="DATASETS...",
        help="Datasets, or corpora (metadata.csv beside wavs/).",
    ),
]
Encoder = Annotated[
    str, typer.Option(help="The speaker encoder: a checkpoint's name or folder, or `resemblyzer`.")
]
Clips = Annotated[int, typer.Option(help="Clips of each folder, at most.", min=4)]
Seed = Annotated[
    int, typer.Option(help="Seed of the choice of speakers and clips.", min=0, max=MOST_SEED)
]


def diversity(
    datasets: Folders,
    encoder: Encoder = "speaker-encoder",
    clips: Clips = 300,
    seed: Seed = 0,
) -> None:
    """Measure how different the voices are, beside those of real people.

    Speaker embeddings give cosine distances and the Vendi score: the effective number of
    speakers. Every folder is measured on equally many speakers and clips of each.

    [dim]Example:[/dim]

      voxloom diversity data/quickstart recordings/many-people
    """
    from models.evaluation.tables import markdown_table
    from pipeline.probe.diversity import diversity as measure

    with console.status("embedding the voices"):
        found = measure(datasets, encoder, clips, seed)
    rows = [
        [
            str(folder),
            str(spread.speakers),
            str(spread.clips),
            f"{spread.between_speakers:.3f}",
            f"{spread.within_speakers:.3f}",
            f"{spread.effective_speakers:.1f}",
            f"{spread.effective_clips:.1f}",
        ]
        for folder, spread in found.items()
    ]
    print(markdown_table(_HEADINGS, rows))
