"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer


def dataset_folder(place: Path | str) -> Path:
    """A dataset's folder; of one in an object store the copy on this machine, made now."""
    from flows.cli.console import console
    from pipeline.storage.versions import local_copy

    with console.status(f"fetching {place}"):
        return local_copy(place)


Dataset = Annotated[
    Path,
    typer.Argument(
        parser=dataset_folder,
        metavar="DATASET",
        help="The dataset's folder, here or in an object store.",
    ),
]
Place = Annotated[  # for a command that also writes beside the dataset
    Path,
    typer.Argument(metavar="DATASET", help="The dataset's folder, here or in an object store."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a value of the config. Repeatable."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's log.")]
AcousticModel = Annotated[str, typer.Option(help="An acoustic model's name or folder.")]
Vocoder = Annotated[str, typer.Option(help="A vocoder's name or folder.")]
Recognizer = Annotated[
    str, typer.Option(help="The recognizer checkpoint that counts phone errors.")
]
Pace = Annotated[float, typer.Option(help="Speaking rate; 1.2 is 20 % faster.")]
Pitch = Annotated[float, typer.Option(help="Pitch shift in semitones.")]
Energy = Annotated[float, typer.Option(help="Energy factor; 1.5 is 50 % more.")]
GeneratedSeed = Annotated[int, typer.Option(help="Seed of the generated voices: a build's seed.")]
Spread = Annotated[float, typer.Option(help="Distance of generated voices from the average voice.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Out = Annotated[Path, typer.Option(help="The folder to write.")]
