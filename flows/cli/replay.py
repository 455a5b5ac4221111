"""`voxloom replay`: a clip recreated from its row."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console, tell
from flows.cli.options import Dataset


def replay(
    dataset: Dataset,
    row: Annotated[str, typer.Argument(metavar="ID", help="The row's id.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the clip here: .wav or .flac.")
    ] = None,
    work_dir: Annotated[
        Path | None,
        typer.Option(help="The build's shards. Default: .voxloom/NAME beside the dataset."),
    ] = None,
) -> None:
    """Recreate a clip from its clean audio and its row's `augmentations`, and compare.

    Exits with status 1 if a single sample differs.

    [dim]Example:[/dim]  voxloom replay data/rough voice_assistant-0123456789ab --out again.wav
    """
    from pipeline.audio.files import check_audio_path, decode_audio, write_audio
    from pipeline.verify.replay import replay as make_again

    if out is not None:
        check_audio_path(out)
    with console.status(f"recreating {row}"):
        replayed = make_again(dataset, row, work_dir)
    for link, drawn in replayed.log:
        values = "  ".join(f"{name} {value}" for name, value in drawn.items())
        tell(f"{link:17} {values}")
    tell(f"clean clip from {replayed.clean_from}")
    if out is not None:
        write_audio(out, *decode_audio(replayed.audio))
        tell(f"{out}")
    if replayed.is_equal:
        console.print("equal: every sample is the same")
        return
    reason = "the folders of sounds have changed since the build; " * replayed.has_other_sounds
    print(f"error: {reason}the clip made again differs from the row's", file=sys.stderr)
    sys.exit(1)
