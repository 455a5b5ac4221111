"""`voxloom voices`: convert voices of other synthesizers, choose the most distinct of a build."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.checkpoints import check_new_folder
from flows.cli.configs import read_config
from flows.cli.console import console, tell
from flows.cli.options import Overrides

voices_app = typer.Typer(
    no_args_is_help=True, help="Convert voices of other synthesizers; choose among a build's."
)
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


@voices_app.command()
def distinct(
    config: Annotated[Path, typer.Argument(help="The build config (YAML).")],
    count: Annotated[int, typer.Option(help="How many voices.", min=2)] = 40,
    encoder: Annotated[
        str,
        typer.Option(help="The speaker encoder: a checkpoint's name or folder, or `resemblyzer`."),
    ] = "speaker-encoder",
    overrides: Overrides = None,
) -> None:
    """Choose the voices of a build that differ most; prints them as `voice.speakers`.

    Synthesizes three sentences by every voice. Starts with the two whose speaker embeddings are
    farthest apart and adds the voice that increases the effective number of speakers most.

    [dim]Example:[/dim]

      voxloom voices distinct configs/build/many_voices.yaml --count 40 \\
        --set 'voice.speakers={all: 1, generated: 1}'
    """
    settings = read_config(config, overrides)

    from pipeline.probe.distinct_voices import distinct_voices

    with console.status("listening to the voices"):
        names = distinct_voices(settings.voice, settings.seed, count, encoder)
    print("voice:\n  speakers:")
    for name in names:
        print(f"    {name}: 1")


def _tell(folder: Path, speakers: tuple[str, ...]) -> None:
    few = ", ".join(speakers[:8]) + (", ..." if len(speakers) > 8 else "")
    tell(f"{folder}: {len(speakers)} speakers: {few}")
