import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.tracking import WandBTracker
from matplotlib.figure import Figure

from models.config import build
from models.errors import ConfigError, TrainingError
from models.training.board import check_trackers, open_board
from models.training.session import LoopConfig


class FakeRun:
    def __init__(self) -> None:
        self.logged: list[tuple[str, Any, int]] = []
        self.finished = False

    def log(self, values: dict[str, Any], step: int) -> None:
        self.logged += [(name, value, step) for name, value in values.items()]

    def finish(self) -> None:
        self.finished = True


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """What we use of wandb: `init`, and media that keep what they were given."""
    fake = types.ModuleType("wandb")
    run, starts = FakeRun(), []

    def init(**settings: Any) -> FakeRun:
        starts.append(settings)
        return run

    fake.init = init  # type: ignore[attr-defined]
    fake.Image = lambda picture: ("image", picture)  # type: ignore[attr-defined]
    fake.Audio = lambda wave, sample_rate: ("audio", wave, sample_rate)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return types.SimpleNamespace(run=run, starts=starts)


def _events(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return events


def test_both_get_curves_pictures_and_sounds(tmp_path: Path, wandb: types.SimpleNamespace) -> None:
    board = open_board(
        Accelerator(cpu=True, mixed_precision="bf16"), ("tensorboard", "wandb"), tmp_path, step=7
    )
    board.add_scalar("train/mel", 0.5, 8)
    board.add_image("held_out/0", torch.zeros(1, 4, 6), 8)
    board.add_audio("held_out/0", torch.zeros(1, 100), 8, 22_050)
    board.add_figure("attention/0", Figure(), 8)
    board.close()
    tags = _events(tmp_path).Tags()
    assert tags["scalars"] == ["train/mel"]
    assert set(tags["images"]) == {"held_out/0", "attention/0"}
    assert tags["audio"] == ["held_out/0"]
    logged = wandb.run.logged
    assert logged[0] == ("train/mel", 0.5, 8)
    assert logged[1][1][1].shape == (4, 6, 1)
    assert (logged[2][1][1].shape, logged[2][1][2]) == ((100,), 22_050)
    assert [step for _, _, step in logged] == [8] * 4
    assert wandb.run.finished


def test_a_resumed_run_is_the_same_one(tmp_path: Path, wandb: types.SimpleNamespace) -> None:
    for step in (0, 5):
        open_board(
            Accelerator(cpu=True, mixed_precision="bf16"), ("wandb",), tmp_path / "run", step
        ).close()
    first, second = wandb.starts
    assert first == second
    assert (first["project"], first["name"], first["resume"]) == ("voxloom", "run", "allow")


def test_tensorboard_forgets_what_came_after_the_step_a_run_resumes_at(tmp_path: Path) -> None:
    for first in (0, 2):
        board = open_board(
            Accelerator(cpu=True, mixed_precision="bf16"), ("tensorboard",), tmp_path, first
        )
        for step in range(first, first + 4):
            board.add_scalar("loss", float(first), step)
        board.close()
    values = {event.step: event.value for event in _events(tmp_path).Scalars("loss")}
    assert values == {0: 0.0, 1: 0.0, 2: 2.0, 3: 2.0, 4: 2.0, 5: 2.0}


def test_no_tracker_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    board = open_board(Accelerator(cpu=True), (), tmp_path, step=0)
    board.add_scalar("loss", 1.0, 1)
    board.add_image("picture", torch.zeros(1, 2, 2), 1)
    board.close()
    assert list(tmp_path.iterdir()) == []


def test_a_tracker_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=r"loop.trackers: wandb is not installed; pip install"):
        check_trackers(("wandb",))


def test_an_unknown_tracker_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"tensorboard.*wandb"):
        build(LoopConfig, {"steps": 1, "trackers": ["mlflow"]}, "loop")


def test_real_wandb_takes_what_we_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is installed; nothing leaves the machine."""
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    board = open_board(Accelerator(cpu=True, mixed_precision="bf16"), ("wandb",), tmp_path, 0)
    board.add_scalar("loss", 1.0, 1)
    board.add_image("picture", torch.rand(1, 8, 8), 1)
    board.add_audio("sound", torch.from_numpy(np.zeros(2_000, np.float32)), 1, 22_050)
    board.close()
    assert list(tmp_path.glob("wandb/offline-run-*"))
    assert isinstance(board._opened["wandb"], WandBTracker)
