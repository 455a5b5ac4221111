"""`voxloom voices`: make voices of other synthesizers ready to be a source of a build."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.checkpoints import check_new_folder
from flows.cli.console import tell

voices_app = typer.Typer(no_args_is_help=True, help="Voices of other synthesizers.")
import_app = typer.Typer(no_args_is_help=True, help="Convert a voice for `voice.sources`.")
voices_app.add_typer(import_app, name="import")
ToOption = Annotated[Path, typer.Option(help="The folder to write; new or empty.")]


@import_app.command()
def piper(
    file: Annotated[Path, typer.Argument(help="NAME.onnx, with NAME.onnx.json beside it.")],
    to: ToOption,
    license: Annotated[str, typer.Option(help="The licence of the voice, as in its MODEL_CARD.")],
) -> None:
    """Convert a Piper voice: adds symbols and metadata, fixes its noise scales.

    [dim]Example:[/dim]  voxloom voices import piper joe.onnx --license CC0-1.0 --to voices/joe
    """
    from models.engines.importing import import_piper

    check_new_folder(to)
    _tell(to, import_piper(file, license, to))


@import_app.command()
def kokoro(
    folder: Annotated[Path, typer.Argument(help="What `voxloom teach fetch` wrote.")],
    to: ToOption,
) -> None:
    """Convert the English voices of Kokoro-82M (Apache-2.0) to one folder for sherpa-onnx.

    [dim]Example:[/dim]  voxloom voices import kokoro teachers/kokoro --to voices/kokoro
    """
    from models.engines.importing import import_kokoro

    check_new_folder(to)
    _tell(to, import_kokoro(folder, to))


def _tell(folder: Path, speakers: tuple[str, ...]) -> None:
    few = ", ".join(speakers[:8]) + (", ..." if len(speakers) > 8 else "")
    tell(f"{folder}: {len(speakers)} speakers: {few}")
