"""`voxloom extend` and `voxloom merge`: datasets that grow."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.configs import read_config
from flows.cli.console import console, tell
from flows.cli.options import Overrides, Place, Verbose, dataset_folder
from models.errors import DataError


def extend(
    dataset: Place,
    config: Annotated[Path, typer.Argument(help="The build config (YAML) of the new rows.")],
    overrides: Overrides = None,
    verbose: Verbose = False,
) -> None:
    """Add rows to a dataset: as many new sentences as the config requests.

    Existing data files keep every byte. Existing sentences are not generated again. A config and
    seed that made a part of the dataset add nothing.

    [dim]Example:[/dim]

      voxloom extend data/quickstart configs/build/quickstart.yaml --set seed=2
    """
    further = read_config(config, overrides, runs=True)

    from flows.prepare import hold
    from flows.run_build import run_build
    from pipeline.build.inputs import used_digests
    from pipeline.dataset.record import read_record
    from pipeline.editing.extend import check_extension, conclude, extension_of, holds_already

    settings = extension_of(dataset, further)
    check_extension(dataset, settings)
    if told := holds_already(dataset, settings, used_digests(settings)):
        tell(f"nothing to add: {told}")
        return
    with hold(settings, dataset):
        extended = dataset_folder(dataset)
        before = read_record(extended).rows
        joined = conclude(dataset, extended, run_build(settings, verbose, extends=extended))
    _summarize(dataset, f"{joined.rows - before} rows added")


def merge(
    datasets: Annotated[
        list[Path],
        typer.Argument(parser=dataset_folder, metavar="A B...", help="Two or more datasets."),
    ],
    to: Annotated[Path, typer.Option(help="The folder to write; new or empty.")],
    name: Annotated[
        str | None, typer.Option(help="The new dataset's name. Default: its folder's.")
    ] = None,
) -> None:
    """Join datasets into one. Their columns and sample rates must be equal.

    A row that is in two of them is kept once; two different rows with one id are an error.

    [dim]Example:[/dim]  voxloom merge data/home data/car --to data/both
    """
    from pipeline.build.publish_dataset import check_new
    from pipeline.editing.join import join

    if len({dataset.resolve() for dataset in datasets}) < max(2, len(datasets)):
        raise DataError(f"{len(datasets)} folders: two datasets or more are needed, each once")
    check_new(to)
    with console.status(f"joining {len(datasets)} datasets"):
        joined = join(datasets, to, name or to.absolute().name)
    _summarize(to, f"{joined.repeated} rows that were there twice are there once")


def _summarize(dataset: Path, what: str) -> None:
    from pipeline.dataset.record import read_record
    from pipeline.storage.versions import published

    dataset = published(dataset)
    record = read_record(dataset)
    console.print(
        f"{what}; {record.rows} clips, {record.hours * 60:.1f} minutes of audio, out of "
        f"{len(record.parts)} builds"
    )
    tell(f"dataset  {dataset}\nreport   {dataset / 'report.html'}")
