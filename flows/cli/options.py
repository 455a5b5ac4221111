"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from models.errors import ConfigError
from models.folders import check_can_be_written

MOST_SEED = 2**63 - 1
_LISTS_OF_CLIPS = ("build.json", "metadata.csv")  # of a dataset, of a corpus


def dataset_folder(place: Path | str) -> Path:
    """The folder of a dataset or a corpus; of one in an object store the copy on this machine, made
    now.
    """
    from flows.cli.console import console
    from pipeline.storage.versions import local_copy

    with console.status(f"fetching {place}"):
        return local_copy(place, _LISTS_OF_CLIPS)


def _usable_device(device: str) -> str:
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ConfigError("--device: cuda, but torch finds no GPU; use cpu")
    return device


def writable_folder(option: typer.CallbackParam, folder: Path) -> Path:
    """The callback of an option for a folder to write: raises `DataError` before any work."""
    check_can_be_written(folder, option.opts[0])
    return folder


def _possible_spread(spread: float) -> float:
    if not 0 < spread <= 2:
        raise ConfigError(f"--spread: above 0, at most 2, found {spread:g}")
    return spread


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
GeneratedSeed = Annotated[
    int,
    typer.Option(help="Seed of the generated voices: a build's seed.", min=0, max=MOST_SEED),
]
Spread = Annotated[
    float,
    typer.Option(
        help="Distance of generated voices from the average voice, at most 2.",
        callback=_possible_spread,
    ),
]
Device = Annotated[
    Literal["cpu", "cuda"], typer.Option(help="Where models run.", callback=_usable_device)
]
Out = Annotated[Path, typer.Option(help="The folder to write.", callback=writable_folder)]
