"""`voxloom serve`: scheduled and ad-hoc builds on this machine, with Prefect's UI."""

from typing import Annotated

import typer

from flows.cli.console import tell


def serve(
    port: Annotated[
        int,
        typer.Option(
            help="Where a server is started, if PREFECT_API_URL names none.", min=1, max=65535
        ),
    ] = 4200,
    gpu: Annotated[int, typer.Option(help="How many stages may use a GPU at a time.", min=1)] = 1,
    notify: Annotated[
        str | None,
        typer.Option(metavar="TYPE/NAME", help="Notification block for failed and crashed runs."),
    ] = None,
    setup_only: Annotated[
        bool, typer.Option("--setup-only", help="Only set the server up, for workers elsewhere.")
    ] = False,
) -> None:
    """Serve the deployments of prefect.yaml: builds by schedule, or by Prefect's UI and command.

    Sets the Prefect server up: a concurrency limit `gpu`, dead runs marked as crashed.
    Datasets go below VOXLOOM_DATA; by default, ./data.

    [dim]Examples:[/dim]

      voxloom serve --notify slack-webhook/data-team

      prefect deployment run build-dataset/ad-hoc --param count=1000 --watch
    """
    from flows import serving
    from flows.server_setup import set_up

    with serving.server(port) as address:
        set_up(gpu, notify)
        tell(f"server  {address.removesuffix('/api')}")
        if not setup_only:
            serving.serve_deployments()
