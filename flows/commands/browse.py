"""`voxloom browse` and `voxloom drop`: look through a dataset, and leave out what is bad."""

import sys
from pathlib import Path

from rich.console import Console

console = Console(highlight=False)


def browse_command(dataset: Path, marks: Path | None, host: str, port: int) -> None:
    """Serve the page until Ctrl-C, and say where it is."""
    from pipeline.browse.serving import serve
    from pipeline.dataset.marks import marks_file

    marks = marks or marks_file(dataset)

    def ready(address: str, is_private: bool) -> None:
        if not is_private:
            print(
                f"warning: {host}: everyone who reaches this machine can hear and mark the clips",
                file=sys.stderr,
            )
        console.print(f"page     {address}", soft_wrap=True)
        console.print(f"marks    {marks}", soft_wrap=True, markup=False)
        console.print("Ctrl-C ends it")

    serve(dataset, marks, host, port, ready)


def drop_command(dataset: Path, marks: Path | None, to: Path) -> None:
    """Write the dataset without its marked rows, and say what became of it."""
    from pipeline.dataset.marks import marks_file
    from pipeline.editing.drop import drop_marked

    with console.status(f"reading {dataset}"):
        dropped = drop_marked(dataset, marks or marks_file(dataset), to)
    if dropped.num_unknown:
        print(
            f"warning: {dropped.num_unknown} marks are of clips that {dataset} does not have",
            file=sys.stderr,
        )
    console.print(
        f"dataset  {to}\n{dropped.num_dropped} of {dropped.num_rows} clips dropped",
        soft_wrap=True,
        markup=False,
    )
