"""Public checkpoints, converted to ours: one file a format, all of them listed here.

An importer reads the tensors under their foreign names, builds our model from the foreign
config, and fills it; what does not fit is named by its foreign name. Nothing pickled runs.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from models.checkpoint import CheckpointInfo
from models.config import as_mapping
from models.errors import ConfigError
from models.importers.files import ForeignFile, read_weights
from models.mel import MelConfig
from models.phonology.alphabets import Alphabet
from models.revision import git_revision

# format -> module:function; the function takes (files, config path) and returns `Imported`.
FORMATS = {
    "hifigan": "models.importers.hifigan:convert",
    "parallelwavegan-melgan": "models.importers.parallelwavegan_melgan:convert",
    "descript-melgan": "models.importers.descript_melgan:convert",
    "vocos": "models.importers.vocos:convert",
    "nvidia-tacotron2": "models.importers.nvidia_tacotron2:convert",
    "ming024-fastspeech2": "models.importers.ming024_fastspeech2:convert",
    "melnet": "models.importers.melnet:convert",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """A public checkpoint as one of our models, with what `checkpoint.yaml` must say of it."""

    kind: str  # as in models/checkpoint.py
    model: nn.Module  # filled
    config: Any  # the model's config dataclass
    mel: MelConfig
    symbols: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    alphabet: Alphabet = "ipa"
    step: int = 0
    notes: tuple[str, ...] = ()  # what the user should know and the checkpoint cannot say

    def info(self, licence: str, trained_on: Sequence[str]) -> CheckpointInfo:
        """Its `checkpoint.yaml`."""
        return CheckpointInfo(
            kind=self.kind,
            config=as_mapping(self.config),
            mel=self.mel,
            symbols=self.symbols,
            speakers=self.speakers,
            alphabet=self.alphabet,
            step=self.step,
            licence=licence,
            trained_on=tuple(trained_on),
            revision=git_revision(),
        )


def import_files(name: str, paths: Sequence[Path], config: Path | None = None) -> Imported:
    """The files of a public checkpoint of format `name` as one of our models.

    `config` is the public project's own config file; where it is None, the importer looks
    for it beside the first file. Raises `CheckpointError` or `ConfigError` naming the file.
    """
    if name not in FORMATS:
        raise ConfigError(f"{name}: no such format; known are {', '.join(FORMATS)}")
    module, _, function = FORMATS[name].partition(":")
    convert: Callable[[tuple[ForeignFile, ...], Path | None], Imported]
    convert = getattr(importlib.import_module(module), function)
    return convert(tuple(read_weights(path) for path in paths), config)
