"""`voxloom speakers`: more voices for a trained model."""

import dataclasses
from pathlib import Path

from rich.console import Console

from flows.commands.checkpoints import check_new_folder
from models.checkpoint import load_checkpoint, save_checkpoint
from models.errors import ConfigError
from models.speakers.mixing import with_average_speakers
from models.speakers.vectors import read_speaker_vectors, stack_vectors

console = Console(highlight=False)
_ROWS = "speaker_vectors"


def add_command(name: str, file: Path, folder: Path) -> None:
    """Write the checkpoint with the speakers of a vector file to `folder`, new or empty.

    Raises `ConfigError` for a model without speaker vectors, a speaker that it has already, and
    vectors of another size.
    """
    check_new_folder(folder)
    checkpoint = load_checkpoint(name)
    size = checkpoint.info.config.get("speaker_vector_dim", 0)
    if not size:
        raise ConfigError(
            f"{name}: was trained without speaker vectors, so it cannot learn a voice from one; "
            "see docs/SPEAKERS.md"
        )
    vectors = read_speaker_vectors(file)
    known = [speaker for speaker in vectors if speaker in checkpoint.speakers]
    if known:
        raise ConfigError(f"{file}: {known[0]}: {name} has this speaker already")
    rows = {_ROWS: stack_vectors(vectors, list(vectors), size, file)}
    model = with_average_speakers(checkpoint.model, tuple(vectors), rows)
    save_checkpoint(folder, model, dataclasses.replace(checkpoint.info, speakers=model.speakers))
    console.print(
        f"{folder}: {len(vectors)} more speakers, {len(model.speakers)} in all", soft_wrap=True
    )
