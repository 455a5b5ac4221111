"""`voxloom corpus`: download public corpora, and prepare any corpus for training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flows.cli.console import console, tell
from flows.cli.options import writable_folder
from models.errors import ConfigError

if TYPE_CHECKING:
    from models.training.public_corpora.prepare import SpeakerFigures

corpus_app = typer.Typer(no_args_is_help=True, help="Download and prepare training corpora.")


@corpus_app.command("list")
def list_corpora() -> None:
    """List the public corpora that `get` knows, with size and licence."""
    from models.training.public_corpora.catalogue import CORPORA

    for corpus in CORPORA.values():
        tell(f"{corpus.name:14s} {corpus.size_mb:6,d} MB  {corpus.title}; {corpus.licence}")


@corpus_app.command()
def get(
    name: Annotated[str, typer.Argument(help="A name that `list` gives.")],
    to: Annotated[
        Path,
        typer.Option(help="The folder of your corpora; writes TO/NAME.", callback=writable_folder),
    ],
    unpacked: Annotated[
        Path | None,
        typer.Option("--from", help="The unpacked archive, or a clone, in place of a download."),
    ] = None,
) -> None:
    """Download a public corpus, check its hash, and lay it out as a corpus folder.

    If interrupted, the same command resumes.

    [dim]Example:[/dim]  voxloom corpus get train-clean-5 --to corpora
    """
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from models.training.public_corpora.catalogue import find_corpus
    from models.training.public_corpora.get import get_corpus

    corpus = find_corpus(name)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(name, total=corpus.size_mb * 1_000_000)

        def show(have: int, total: int) -> None:
            bars.update(task, completed=have, total=total or None)

        folder = get_corpus(corpus, to, show, unpacked)
    tell(f"corpus   {folder}")


@corpus_app.command()
def prepare(
    corpus: Annotated[Path, typer.Argument(help="A corpus folder, or the parent of several.")],
    folders: Annotated[
        list[str] | None,
        typer.Option("--folder", help="Use only this corpus of the parent folder. Repeatable."),
    ] = None,
    recognizer: Annotated[
        str, typer.Option(help="The recognizer checkpoint for forced alignment.")
    ] = "recognizer",
    cache: Annotated[
        Path,
        typer.Option(
            help="Where features go: the `cache` of the training config.", callback=writable_folder
        ),
    ] = Path("runs/cache"),
    held_out: Annotated[
        float, typer.Option(help="The share of sentences that no model trains on.")
    ] = 0.05,
) -> None:
    """Check a corpus, split it, compute its features, and align it.

    A training run over the same folders then starts at once.

    [dim]Example:[/dim]  voxloom corpus prepare corpora --folder ljspeech --folder kokoro
    """
    from models.checkpoint import load_checkpoint
    from models.training.corpus import CorpusConfig
    from models.training.public_corpora.prepare import prepare_corpus

    try:
        config = CorpusConfig(root=corpus, folders=tuple(folders or ()), held_out=held_out)
    except ValueError as error:
        raise ConfigError(f"--held-out: {error}") from None
    checkpoint = load_checkpoint(recognizer)
    if checkpoint.kind != "recognizer":
        raise ConfigError(f"--recognizer {recognizer}: is a {checkpoint.kind}")
    console.print(_table(prepare_corpus(config, checkpoint, cache, console.print)))
    tell(f"cache    {cache}")


def _table(figures: "dict[str, SpeakerFigures]") -> Table:
    table = Table("speaker", "clips", "minutes", "held out", "left out")
    for speaker, of in figures.items():
        numbers = (f"{of.clips}", f"{of.minutes:.1f}", f"{of.held_out}", f"{of.left_out}")
        table.add_row(speaker, *numbers)
    return table
