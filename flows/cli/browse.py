"""`voxloom browse` and `voxloom drop`: play and mark clips; copy a dataset without marked ones."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console, tell
from flows.cli.options import Place, dataset_folder

Marks = Annotated[
    Path | None,
    typer.Option(
        help="The file of marks. Default: DATASET.marks.jsonl beside the dataset, here for one in "
        "an object store."
    ),
]


def browse(
    dataset: Place,
    port: Annotated[int, typer.Option(help="0: any free port.", min=0, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(help="The address to listen on. The default admits this machine only.")
    ] = "127.0.0.1",
    marks: Marks = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Another name or address that browsers know this page by. Repeatable."),
    ] = None,
) -> None:
    """Browse a dataset in a web page: search, play clips, mark bad ones.

    The dataset is not changed. `voxloom drop` writes a copy without the marked clips;
    `output.drop` in a config leaves them out of the next build. Ctrl-C ends the server.

    [dim]Examples:[/dim]

      voxloom browse data/quickstart

      voxloom browse data/quickstart --port 9000 --marks mine.jsonl
    """
    from pipeline.browse.serving import serve
    from pipeline.dataset.marks import marks_file

    marks = marks or marks_file(dataset)

    def ready(address: str, is_private: bool) -> None:
        if not is_private:
            print(
                f"warning: {host}: everyone who reaches this machine can hear and mark the clips",
                file=sys.stderr,
            )
        tell(f"page     {address}\nmarks    {marks}\nCtrl-C ends it")

    serve(dataset_folder(dataset), marks, host, port, ready, allow_host or ())


def drop(
    dataset: Place,
    to: Annotated[Path, typer.Option(help="The folder to write; new or empty.")],
    marks: Marks = None,
) -> None:
    """Copy a dataset without the clips that were marked as bad; they become rejects.

    [dim]Example:[/dim]  voxloom drop data/quickstart --to data/quickstart-clean
    """
    from pipeline.dataset.marks import marks_file
    from pipeline.editing.drop import drop_marked

    with console.status(f"reading {dataset}"):
        dropped = drop_marked(dataset_folder(dataset), marks or marks_file(dataset), to)
    if dropped.num_unknown:
        print(
            f"warning: {dropped.num_unknown} marks are of clips that {dataset} does not have",
            file=sys.stderr,
        )
    tell(f"dataset  {to}\n{dropped.num_dropped} of {dropped.num_rows} clips dropped")
