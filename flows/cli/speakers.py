"""`voxloom speakers`: add speakers to a trained model."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.checkpoints import check_new_folder
from flows.cli.console import tell
from models.errors import ConfigError

speakers_app = typer.Typer(no_args_is_help=True, help="Add speakers to a trained model.")
_ROWS = "speaker_vectors"


@speakers_app.command()
def add(
    checkpoint: Annotated[str, typer.Argument(help="An acoustic model's name or folder.")],
    file: Annotated[
        Path, typer.Argument(help="Speaker vectors by name: .npz, .safetensors or .json.")
    ],
    to: Annotated[Path, typer.Option(help="The folder to write; new or empty.")],
) -> None:
    """Add speakers to an acoustic model that was trained with speaker vectors.

    [dim]Example:[/dim]  voxloom speakers add runs/mine/best dvectors.npz --to runs/mine-more
    """
    import dataclasses

    from models.checkpoint import load_checkpoint, save_checkpoint
    from models.speakers.mixing import with_average_speakers
    from models.speakers.vectors import read_speaker_vectors, stack_vectors

    check_new_folder(to)
    loaded = load_checkpoint(checkpoint)
    size = loaded.info.config.get("speaker_vector_dim", 0)
    if not size:
        raise ConfigError(
            f"{checkpoint}: was trained without speaker vectors, so it cannot learn a voice from "
            "one; see docs/SPEAKERS.md"
        )
    vectors = read_speaker_vectors(file)
    known = [speaker for speaker in vectors if speaker in loaded.speakers]
    if known:
        raise ConfigError(f"{file}: {known[0]}: {checkpoint} has this speaker already")
    rows = {_ROWS: stack_vectors(vectors, list(vectors), size, file)}
    model = with_average_speakers(loaded.model, tuple(vectors), rows)
    save_checkpoint(to, model, dataclasses.replace(loaded.info, speakers=model.speakers))
    tell(f"{to}: {len(vectors)} more speakers, {len(model.speakers)} in all")
