"""`voxloom corpus`: public corpora laid out as ours, and any corpus made ready to train on."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from models.checkpoint import load_checkpoint
from models.errors import ConfigError
from models.training.corpus import CorpusConfig
from models.training.public_corpora.catalogue import CORPORA, find_corpus
from models.training.public_corpora.get import get_corpus
from models.training.public_corpora.prepare import SpeakerFigures, prepare_corpus

console = Console(highlight=False)


def list_command() -> None:
    """A corpus a line: name, size of the archive, licence, what it is."""
    for corpus in CORPORA.values():
        console.print(
            f"{corpus.name:14s} {corpus.size_mb:6,d} MB  {corpus.title}; {corpus.licence}",
            soft_wrap=True,
        )


def get_command(name: str, to: Path) -> None:
    """Download and lay out one corpus, with a bar, and say where it is."""
    corpus = find_corpus(name)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(name, total=corpus.size_mb * 1_000_000)

        def show(have: int, total: int) -> None:
            bars.update(task, completed=have, total=total or None)

        folder = get_corpus(corpus, to, show)
    console.print(f"corpus   {folder}", soft_wrap=True)


def prepare_command(
    corpus: Path, folders: Sequence[str], recognizer: str, cache: Path, held_out: float
) -> None:
    """Check, split, measure, align; a table of speakers."""
    try:
        config = CorpusConfig(root=corpus, folders=tuple(folders), held_out=held_out)
    except ValueError as error:
        raise ConfigError(f"--held-out: {error}") from None
    checkpoint = load_checkpoint(recognizer)
    if checkpoint.kind != "recognizer":
        raise ConfigError(f"--recognizer {recognizer}: is a {checkpoint.kind}")
    figures = prepare_corpus(config, checkpoint, cache, console.print)
    console.print(_table(figures))
    console.print(f"cache    {cache}", soft_wrap=True)


def _table(figures: dict[str, SpeakerFigures]) -> Table:
    table = Table("speaker", "clips", "minutes", "held out", "left out")
    for speaker, of in figures.items():
        numbers = (f"{of.clips}", f"{of.minutes:.1f}", f"{of.held_out}", f"{of.left_out}")
        table.add_row(speaker, *numbers)
    return table
