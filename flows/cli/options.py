"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Dataset = Annotated[Path, typer.Argument(help="The dataset's folder.")]
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
