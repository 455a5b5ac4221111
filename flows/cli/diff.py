"""The options of `voxloom diff`."""

from pathlib import Path
from typing import Annotated

import typer


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="A folder that `build` made.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """What changed from one dataset to another: config, versions, digests, counts, distributions,
    and rows.

    Rows are the same by their id. Ends with status 0 if nothing changed, and 1 if something did.

    [dim]Example:[/dim]  voxloom diff data/monday data/tuesday
    """
    from flows.commands.diff import diff_command

    diff_command(before, after, json)
