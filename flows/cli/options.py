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
