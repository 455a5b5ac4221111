"""`voxloom train CONFIG`: the file's `recipe` chooses what is trained."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models.config import load_config, read_yaml
from models.errors import ConfigError

RECIPES = ("recognizer", "fastspeech2", "vocoder")


def train(config_path: Path | str, overrides: Sequence[str] = ()) -> Path:
    """Train what the YAML file describes; returns the folder of the best checkpoint.

    A run whose folder holds a state goes on from its last saved step. Raises `ConfigError`.
    """
    recipe = read_yaml(config_path).get("recipe")
    if recipe not in RECIPES:
        raise ConfigError(f"{config_path}: recipe: {recipe!r} is not one of {', '.join(RECIPES)}")
    config_class, run = _recipe(recipe)
    return run(load_config(config_class, config_path, overrides))


def _recipe(name: str) -> tuple[type[Any], Callable[[Any], Path]]:
    if name == "vocoder":
        from models.training.vocoder import VocoderTraining, train_vocoder

        return VocoderTraining, train_vocoder
    if name == "recognizer":
        from models.training.recognizer import RecognizerTraining, train_recognizer

        return RecognizerTraining, train_recognizer
    from models.training.fastspeech2 import FastSpeech2Training, train_fastspeech2

    return FastSpeech2Training, train_fastspeech2
