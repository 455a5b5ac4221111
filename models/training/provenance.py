"""The origin of a checkpoint, for its card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.checkpoint import CheckpointInfo, save_checkpoint
from models.config import as_mapping
from models.mel import MelConfig
from models.revision import git_revision


@dataclass(frozen=True, slots=True)
class Provenance:
    """The licence of the weights and the corpora they learned from."""

    licence: str
    trained_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """The description of a model, known before the first step."""

    kind: str
    config: Any
    mel: MelConfig
    provenance: Provenance
    symbols: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()

    def save(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        """Write `model` as a checkpoint in half precision."""
        info = CheckpointInfo(
            kind=self.kind,
            config=as_mapping(self.config),
            mel=self.mel,
            symbols=self.symbols,
            speakers=self.speakers,
            step=step,
            licence=self.provenance.licence,
            trained_on=self.provenance.trained_on,
            revision=git_revision(),
            metrics=metrics,
        )
        save_checkpoint(folder, model, info, torch.float16)
