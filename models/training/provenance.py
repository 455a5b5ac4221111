"""The origin of a checkpoint, for its card, and what tells one run's weights from another's."""

from dataclasses import dataclass
from itertools import zip_longest
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

    @property
    def identity(self) -> dict[str, Any]:
        """What the weights are made for, as plain data: sizes, mels, and the names of rows."""
        parts = ("kind", "config", "mel", "symbols", "speakers")
        return {part: as_mapping(getattr(self, part)) for part in parts}

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


def first_difference(theirs: Any, ours: Any, key: str = "") -> str:
    """Where two identities differ first, as `speakers[0] was anna, is ben`; empty where nowhere.

    Keys that only one of them has are settings that came or went since, and no difference.
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        shared = [name for name in theirs if name in ours]
        parts = [(theirs[name], ours[name], f"{key}.{name}" if key else name) for name in shared]
    elif isinstance(theirs, list) and isinstance(ours, list):
        pairs = zip_longest(theirs, ours, fillvalue="none")
        parts = [(*pair, f"{key}[{index}]") for index, pair in enumerate(pairs)]
    else:
        return "" if theirs == ours else f"{key} was {theirs}, is {ours}"
    return next((found for part in parts if (found := first_difference(*part))), "")
