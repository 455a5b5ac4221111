"""The options of `voxloom extend` and `voxloom merge`."""

from pathlib import Path
from typing import Annotated

import typer


def extend(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
    config: Annotated[Path, typer.Argument(help="The YAML file of the build that adds rows.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Put a value over the file's."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's log.")] = False,
) -> None:
    """Add rows to a dataset: as many new sentences as the config asks for.

    The files that are there keep every byte. Nothing is said again that the dataset says, and a
    config that has made a part of it already, with the same seed, adds nothing.

    [dim]Example:[/dim]

      voxloom extend data/quickstart configs/build/quickstart.yaml --set seed=2
    """
    from flows.commands.extend import extend_command

    extend_command(dataset, config, overrides or [], verbose)


def merge(
    datasets: Annotated[list[Path], typer.Argument(metavar="A B...", help="Two or more datasets.")],
    to: Annotated[Path, typer.Option(help="The folder to write; new or empty.")],
    name: Annotated[
        str | None, typer.Option(help="Of the new dataset; that of its folder if not given.")
    ] = None,
) -> None:
    """Join datasets into one. Their columns and sample rates must be the same.

    A row that two of them have is taken once; two rows of one id are an error.

    [dim]Example:[/dim]  voxloom merge data/home data/car --to data/both
    """
    from flows.commands.extend import merge_command

    merge_command(datasets, to, name or to.absolute().name)
