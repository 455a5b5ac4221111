"""`voxloom diversity`: how unlike each other voices are."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from models.evaluation.tables import markdown_table

console = Console(highlight=False)
_HEADINGS = (
    "folder",
    "speakers",
    "clips",
    "between speakers",
    "within a speaker",
    "effective speakers",
    "effective clips",
)


def diversity_command(folders: Sequence[Path], encoder: str, clips: int, seed: int) -> None:
    """Print a table with a row a folder."""
    from pipeline.probe.diversity import diversity

    with console.status("listening to the voices"):
        found = diversity(folders, encoder, clips, seed)
    rows = [
        [
            str(folder),
            str(spread.speakers),
            str(spread.clips),
            f"{spread.between_speakers:.3f}",
            f"{spread.within_speakers:.3f}",
            f"{spread.effective_speakers:.1f}",
            f"{spread.effective_clips:.1f}",
        ]
        for folder, spread in found.items()
    ]
    print(markdown_table(_HEADINGS, rows))
