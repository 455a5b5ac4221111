"""`voxloom extend` and `voxloom merge`: datasets that grow."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from flows.commands.build import run_build
from models.errors import DataError
from pipeline.build.config import load_build_config
from pipeline.build.stages import used_digests
from pipeline.dataset.files import read_build
from pipeline.dataset.history import parts_of
from pipeline.editing.extend import check_extension, extension_of, holds_already
from pipeline.editing.join import join

console = Console(highlight=False)


def extend_command(dataset: Path, config: Path, overrides: Sequence[str], verbose: bool) -> None:
    """Add rows and say how many there are now, or that the dataset has them already."""
    settings = extension_of(dataset, load_build_config(config, overrides))
    check_extension(dataset, settings)
    if told := holds_already(dataset, settings, used_digests(settings)):
        console.print(f"nothing to add: {told}", markup=False, soft_wrap=True)
        return
    before = read_build(dataset)["rows"]

    def start() -> str:
        from flows.build_dataset import extend_dataset

        return extend_dataset(str(dataset), str(config), list(overrides))

    run_build(settings, start, verbose, extends=dataset)
    _tell(dataset, f"{read_build(dataset)['rows'] - before} rows added")


def merge_command(datasets: Sequence[Path], to: Path, name: str) -> None:
    """Join the datasets and say how many rows there are.

    Raises `DataError` for fewer than two, and a folder that holds something.
    """
    if len({dataset.resolve() for dataset in datasets}) < max(2, len(datasets)):
        raise DataError(f"{len(datasets)} folders: two datasets or more are needed, each once")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise DataError(f"{to}: is not empty; choose a new folder")
    with console.status(f"joining {len(datasets)} datasets"):
        joined = join(datasets, to, name)
    _tell(to, f"{joined.repeated} rows that were there twice are there once")


def _tell(dataset: Path, what: str) -> None:
    build = read_build(dataset)
    console.print(
        f"{what}; {build['rows']} clips, {build['hours'] * 60:.1f} minutes of audio, out of "
        f"{len(parts_of(build))} builds"
    )
    console.print(f"dataset  {dataset}", soft_wrap=True)
    console.print(f"report   {dataset / 'report.html'}", soft_wrap=True)
