"""`voxloom train CONFIG`: the file's `recipe` chooses what is trained."""

import importlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from models.config import load_config, read_yaml, resolve_path
from models.errors import ConfigError, TrainingError, VoxloomError, is_out_of_memory
from models.folders import check_can_be_written


class Recipe(NamedTuple):
    """Where a recipe lives: a config dataclass and the function that trains what it describes."""

    module: str
    config: str
    function: str


RECIPES = {
    "recognizer": Recipe("recognizer", "RecognizerTraining", "train_recognizer"),
    "speaker-encoder": Recipe("speaker_encoder", "SpeakerEncoderTraining", "train_speaker_encoder"),
    "fastspeech2": Recipe("fastspeech2", "FastSpeech2Training", "train_fastspeech2"),
    "tacotron2": Recipe("tacotron2", "Tacotron2Training", "train_tacotron2"),
    "harmonic": Recipe("harmonic", "HarmonicTraining", "train_harmonic"),
    "vocos": Recipe("vocos", "VocosTraining", "train_vocos"),
    "hifigan": Recipe("hifigan", "HifiGanTraining", "train_hifigan"),
    "melgan": Recipe("melgan", "MelGanTraining", "train_melgan"),
    "melnet": Recipe("melnet", "MelNetTraining", "train_melnet"),
}


def train(config_path: Path | str, overrides: Sequence[str] = ()) -> Path:
    """Train what the YAML file describes; returns the folder of the best checkpoint.

    The file is looked for as `resolve_path` does. A run whose folder holds a state goes on from its
    last saved step. Raises `ConfigError`, and `TrainingError` where memory does not suffice.
    """
    config_path = resolve_path(config_path)
    recipe = RECIPES[recipe_of(config_path)]
    module = importlib.import_module(f"models.training.{recipe.module}")
    config = load_config(getattr(module, recipe.config), config_path, overrides)
    with _naming_file(config_path, config):
        check_can_be_written(config.run, "run")
        check_can_be_written(config.cache, "cache")
        with _telling_of_memory(config.run):
            best: Path = getattr(module, recipe.function)(config)
    return best


@contextmanager
def _telling_of_memory(run: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingError(
            f"{run}: not enough memory; lower frames_per_batch or batch_size, and the same command "
            "goes on from the last saved step"
        ) from error


def recipe_of(config_path: Path | str) -> str:
    """The kind of checkpoint that the YAML file describes the training of. Raises `ConfigError`."""
    config_path = resolve_path(config_path)
    name = read_yaml(config_path).get("recipe")
    if name not in RECIPES:
        raise ConfigError(f"{config_path}: recipe: {name!r} is not one of {', '.join(RECIPES)}")
    return str(name)


@contextmanager
def _naming_file(path: Path | str, config: Any) -> Iterator[None]:
    """Put the file's name before an error that begins with one of its keys."""
    try:
        yield
    except VoxloomError as error:
        key = re.match(r"(\w+)[.:\[]", str(error))
        if key is None or key[1] not in {field.name for field in fields(config)}:
            raise
        raise type(error)(f"{path}: {error}") from None
