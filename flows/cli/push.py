"""`voxloom push`: a dataset onto the Hugging Face hub."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console, tell
from flows.cli.options import Dataset


def push(
    dataset: Dataset,
    to: Annotated[
        Path, typer.Argument(metavar="hf://datasets/ORG/NAME", help="The repository, new or older.")
    ],
    public: Annotated[
        bool, typer.Option("--public", help="Make a new repository public. Default: private.")
    ] = False,
) -> None:
    """Put a dataset on the Hugging Face hub, in one commit.

    The token is that of the environment variable HF_TOKEN. Every file is compared with
    `build.json` first. If interrupted, the same command sends only what is missing.

    [dim]Example:[/dim]  voxloom push data/quickstart hf://datasets/my-org/quickstart
    """
    from pipeline.dataset.hub import push_dataset

    with console.status(f"sending {dataset}"):
        commit = push_dataset(dataset, to, public)
    tell(f"dataset  {to}\ncommit   {commit}")
