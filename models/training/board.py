"""Trackers of a run: TensorBoard, Weights & Biases, or both.

Accelerate's trackers write the figures. TensorBoard takes pictures and sounds by its own methods;
Weights & Biases gets them as its media.
"""

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from accelerate import Accelerator
from accelerate.tracking import GeneralTracker, TensorBoardTracker, WandBTracker
from torch import Tensor

from models.errors import TrainingError

Tracker = Literal["tensorboard", "wandb"]
PROJECT = "voxloom"


class Board:
    """Writes the same to every tracker: Accelerate's, started, by name."""

    def __init__(self, opened: Mapping[str, GeneralTracker]) -> None:
        self._opened = opened

    def add_scalar(self, name: str, value: float, step: int) -> None:
        for tracker in self._opened.values():
            tracker.log({name: value}, step=step)

    def add_image(self, name: str, picture: Tensor, step: int) -> None:
        """A picture (1 or 3, height, width) with values in [0, 1]."""
        if writer := self._native("tensorboard"):
            writer.add_image(name, picture, step)
        if run := self._native("wandb"):
            run.log({name: _wandb().Image(picture.permute(1, 2, 0).numpy())}, step=step)

    def add_figure(self, name: str, figure: Any, step: int) -> None:
        """A matplotlib figure."""
        if run := self._native("wandb"):  # first: TensorBoard closes the figure
            run.log({name: _wandb().Image(figure)}, step=step)
        if writer := self._native("tensorboard"):
            writer.add_figure(name, figure, step)

    def add_audio(self, name: str, wave: Tensor, step: int, sample_rate: int) -> None:
        """A wave (S,) in [-1, 1], at `sample_rate` Hz."""
        if writer := self._native("tensorboard"):
            writer.add_audio(name, wave, step, sample_rate)
        if run := self._native("wandb"):
            sound = _wandb().Audio(wave.flatten().numpy(), sample_rate=sample_rate)
            run.log({name: sound}, step=step)

    def close(self) -> None:
        for tracker in self._opened.values():
            tracker.finish()

    def _native(self, name: str) -> Any:
        return self._opened[name].tracker if name in self._opened else None


def check_trackers(trackers: Sequence[Tracker]) -> None:
    """Raises `TrainingError` naming one whose package is not installed."""
    for name in trackers:
        if importlib.util.find_spec(name) is None:
            raise TrainingError(f"loop.trackers: {name} is not installed; pip install {name}")


def open_board(
    accelerator: Accelerator, trackers: Sequence[Tracker], folder: Path, step: int
) -> Board:
    """The board of the run in `folder`, which goes on at `step`.

    TensorBoard writes to `folder`/tensorboard; a resumed run goes on as the same one everywhere.
    """
    if not accelerator.is_main_process:
        return Board({})
    opened: dict[str, GeneralTracker] = {name: _open(name, folder, step) for name in trackers}
    accelerator.log_with = list(opened.values())
    accelerator.init_trackers(PROJECT)
    return Board(opened)


def _open(name: Tracker, folder: Path, step: int) -> GeneralTracker:
    if name == "tensorboard":
        return TensorBoardTracker("tensorboard", str(folder), purge_step=step)
    digest = hashlib.blake2b(str(folder.resolve()).encode(), digest_size=6).hexdigest()
    run = {"name": folder.name, "id": f"{folder.name}-{digest}", "resume": "allow"}
    return WandBTracker(PROJECT, dir=str(folder), **run)


def _wandb() -> Any:
    import wandb

    return wandb
