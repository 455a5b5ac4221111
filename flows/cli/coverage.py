"""The command line of `voxloom coverage`; the work is in flows/commands/coverage.py."""

from pathlib import Path
from typing import Annotated

import typer


def coverage(
    config: Annotated[Path, typer.Argument(help="The YAML file of a build.")],
    against: Annotated[
        str, typer.Option(help="Another strategy: random, weighted, zipf or coverage.")
    ] = "random",
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Put a value over the file's. May be given many times.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("runs/coverage"),
) -> None:
    """What a build's sentences cover, beside another strategy at the same number. Speaks nothing.

    Templates, slot values, groups of slot values, phones and diphones: how many are said, what is
    missing and why. Writes a table, a CSV and a plot.

    [dim]Examples:[/dim]

      voxloom coverage configs/build/quickstart.yaml --set sentences.strategy=coverage

      voxloom coverage my.yaml --set sentences.count=20000 --against weighted --out runs/mine
    """
    from flows.commands.coverage import coverage_command

    coverage_command(config, against, overrides or [], out)
