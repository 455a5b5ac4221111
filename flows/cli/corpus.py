"""The options of `voxloom corpus`."""

from pathlib import Path
from typing import Annotated

import typer

corpus_app = typer.Typer(
    no_args_is_help=True, help="Recordings to train on: public ones to download, yours to prepare."
)


@corpus_app.command("list")
def list_corpora() -> None:
    """The public corpora that `get` knows, with size and licence."""
    from flows.commands.corpus import list_command

    list_command()


@corpus_app.command()
def get(
    name: Annotated[str, typer.Argument(help="ljspeech, train-clean-5, vctk or an4.")],
    to: Annotated[Path, typer.Option(help="The folder of your corpora; it goes into TO/NAME.")],
) -> None:
    """Download a public corpus, check its hash, and lay it out as a corpus folder.

    Stop it at any moment and give the same command again: it goes on where it was.

    [dim]Example:[/dim]  voxloom corpus get train-clean-5 --to corpora
    """
    from flows.commands.corpus import get_command

    get_command(name, to)


@corpus_app.command()
def prepare(
    corpus: Annotated[Path, typer.Argument(help="A corpus folder, or the folder of several.")],
    folders: Annotated[
        list[str] | None, typer.Option("--folder", help="Those of them to take together.")
    ] = None,
    recognizer: Annotated[str, typer.Option(help="The checkpoint that aligns.")] = "recognizer",
    cache: Annotated[
        Path, typer.Option(help="Where features go: the `cache` of the training config.")
    ] = Path("runs/cache"),
    held_out: Annotated[
        float, typer.Option(help="The share of sentences that no model trains on.")
    ] = 0.05,
) -> None:
    """Check a corpus, split it, compute its features, and align it.

    A training run over the same folders then starts at once.

    [dim]Example:[/dim]  voxloom corpus prepare corpora --folder ljspeech --folder kokoro
    """
    from flows.commands.corpus import prepare_command

    prepare_command(corpus, folders or [], recognizer, cache, held_out)
