"""The options of `voxloom audit`."""

from pathlib import Path
from typing import Annotated

import typer


def audit(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
    alpha: Annotated[
        float,
        typer.Option(
            min=1e-9, max=0.5, help="In which share of datasets without a bias one may be told."
        ),
    ] = 0.01,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write every test here, as audit.json has them.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for pictures of what was found.")
    ] = None,
) -> None:
    """Is the noise really random? Tests everything that was drawn, and says what chance does not
    explain.

    Is it tied to what a model learns, to a speaker or to a place in the dataset? Is it drawn as
    the config asks, one row without regard to the last, and never twice the same? Every build is
    audited so; docs/AUDIT.md tells of each test. Ends with status 1 if there is a bias.

    [dim]Example:[/dim]  voxloom audit data/quickstart --out audit
    """
    from flows.commands.audit import audit_command

    audit_command(dataset, alpha, json, out)
