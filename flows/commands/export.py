"""`voxloom export`: a dataset in another toolkit's layout."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

console = Console(highlight=False)


def export_command(
    dataset: Path, layout: str, out: Path, splits: Sequence[str], workers: int
) -> None:
    """Write the export and say how many clips of each split are in it."""
    from pipeline.export.run import ExportRequest, export_dataset

    request = ExportRequest(dataset, layout, out, tuple(splits), workers)
    with console.status("reading the dataset") as status:
        exported = export_dataset(
            request, lambda done, of: status.update(f"written: {done} of {of} data files")
        )
    clips = ", ".join(f"{count:,} {split}" for split, count in exported.clips.items())
    console.print(f"{out}: {layout}, {clips}{' (was there)' if exported.was_there else ''}")
