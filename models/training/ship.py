"""Copy a trained checkpoint to where shipped ones live."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from models.errors import ConfigError
from models.speakers.mixing import speaker_rows, with_speakers


def ship(
    source: Path, target: Path, speakers: Sequence[str] = (), featured: Sequence[str] = ()
) -> None:
    """Write the checkpoint in `source` to `target` in half precision.

    `speakers` keeps only these voices of an acoustic model. Raises `ConfigError` for one that it
    does not have. `featured` are those who speak where nobody says who.
    """
    checkpoint = load_checkpoint(source)
    info = checkpoint.info
    model = checkpoint.model
    if speakers:
        model = _keep_speakers(checkpoint, speakers)
        info = dataclasses.replace(info, speakers=tuple(speakers))
    for name in featured:
        if name not in info.speakers:
            raise ConfigError(f"featured: {name} is none of {', '.join(info.speakers)}")
    info = dataclasses.replace(info, featured=tuple(featured))
    save_checkpoint(target, model, info, torch.float16)


def _keep_speakers(checkpoint: Checkpoint, speakers: Sequence[str]) -> Any:
    unknown = [speaker for speaker in speakers if speaker not in checkpoint.speakers]
    if unknown:
        raise ConfigError(
            f"speakers: {unknown[0]} is none of {', '.join(checkpoint.speakers) or 'no voices'}"
        )
    kept = torch.tensor([checkpoint.speakers.index(speaker) for speaker in speakers])
    rows = {name: every[kept] for name, every in speaker_rows(checkpoint.model).items()}
    return with_speakers(checkpoint.model, speakers, rows)
