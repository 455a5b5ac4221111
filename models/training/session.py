"""What both training loops share: devices, the step counter, saving, resuming, logging.

A batch is a pure function of the step, and dropout is reseeded every step, so a run that was
killed and resumed sees the same batches as one that never stopped.
"""

import contextlib
import math
import os
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.atomic import naming_full_disk, sync
from models.config import check_least
from models.errors import ConfigError, TrainingError
from models.lock import only_process_on
from models.precision import Precision, fastest_precision, supports_bf16
from models.training.board import Tracker, check_trackers, open_board
from models.training.optimizers import OptimizerConfig, make_optimizer
from models.training.provenance import first_difference

Batch = dict[str, Any]

# What torch raises for a damaged state, or one of other modules.
UNFIT_STATE = (RuntimeError, ValueError, KeyError, EOFError, OSError, pickle.UnpicklingError)


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """Length of a run, and intervals of its reports."""

    steps: int
    average_decay: float = 0.999  # of the moving average of the weights that is shipped
    precision: Literal["auto", "bf16", "no"] = "auto"  # auto: what this processor is fastest in
    seed: int = 1
    log_every: int = 50
    evaluate_every: int = 500
    save_every: int = 250
    trackers: tuple[Tracker, ...] = ("tensorboard",)

    def __post_init__(self) -> None:
        check_least(self, 1, "steps", "log_every", "evaluate_every", "save_every")
        if not 0 <= self.average_decay <= 1:
            raise ValueError(f"average_decay: from 0 to 1, found {self.average_decay}")


class Pace:
    """How long a step takes, measured after a few that warm up."""

    WARMUP, MEASURED = 3, 10

    def __init__(self, first_step: int) -> None:
        self._first, self._started = first_step, time.monotonic()

    def is_known_at(self, done: int) -> bool:
        """Called after every step: restarts the clock after the warm-up; true once, soon after."""
        passed = done - self._first
        if passed == self.WARMUP:
            self._started = time.monotonic()
        return passed == self.WARMUP + self.MEASURED

    def seconds(self, done: int) -> float:
        """Seconds a step, over all since the warm-up."""
        passed = done - self._first
        return (time.monotonic() - self._started) / max(
            1, passed - self.WARMUP if passed > self.WARMUP else passed
        )

    def describe(self, done: int, steps: int) -> str:
        seconds = self.seconds(done)
        return f"{seconds:.2f} s/step  {(steps - done) * seconds / 60:.0f} min left"

    def forecast(self, done: int, steps: int) -> str:
        """The predicted time of the run, told at its start."""
        seconds = self.seconds(done)
        left = timedelta(seconds=round((steps - done) * seconds))
        end = (datetime.now().astimezone() + left).strftime("%Y-%m-%d %H:%M %Z")
        return (
            f"cost: {1 / seconds:.2f} steps/s over {self.MEASURED} steps, evaluations left out; "
            f"{steps - done} steps to go take {left}, until about {end}"
        )


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs off the folder of this one while the block runs: they would write one state.

    Of the processes of one run on several GPUs the first holds it. Raises `DataError` naming who is
    at work there, and for a disk that fills up in the block.
    """
    is_first = os.environ.get("RANK", "0") == "0"  # as Accelerate's launcher numbers them
    held = only_process_on(folder) if is_first else contextlib.nullcontext()
    with held, naming_full_disk(folder):
        yield


class Trained(Protocol):
    """What any recipe can do with the model it trains."""

    @property
    def identity(self) -> dict[str, Any]:
        """What its weights are made for and begin with, as plain data: another run's cannot go on
        with them.
        """

    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Metrics on held-out clips, the decisive one first, lower is better."""

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        """Write the model as a checkpoint."""


class Session:
    """One training run in its folder: `state.pt` to resume, `tensorboard/`, checkpoints.

    `modules` are trained, each by the optimizer of its name; `main` is the module that is
    averaged and shipped. A state of another `identity` is not resumed: rows of equal shape may
    stand for other speakers or phones, and what a run begins with is no longer read when it goes
    on. What is None there is not asked for. All other settings are those of the config.
    """

    def __init__(
        self,
        folder: Path,
        config: LoopConfig,
        modules: dict[str, nn.Module],
        optimizers: dict[str, OptimizerConfig],
        main: str,
        steps_per_epoch: int = 1,
        identity: dict[str, Any] | None = None,
    ) -> None:
        self.identity = identity or {}
        self.folder, self.config, self.main = folder, config, main
        self.optimizer_configs, self.steps_per_epoch = optimizers, steps_per_epoch
        check_trackers(config.trackers)
        folder.mkdir(parents=True, exist_ok=True)
        has_gpu = torch.cuda.is_available()
        precision, reason = _precision_of(config, "cuda" if has_gpu else "cpu")
        self.accelerator = Accelerator(mixed_precision=precision, cpu=not has_gpu)
        self.raw = {name: module.to(self.accelerator.device) for name, module in modules.items()}
        self.averaged = AveragedModel(
            self.raw[main], multi_avg_fn=get_ema_multi_avg_fn(config.average_decay)
        )
        self.modules = {name: self.accelerator.prepare(m) for name, m in self.raw.items()}
        self.optimizers: dict[str, Optimizer] = {
            name: self.accelerator.prepare(make_optimizer(module, optimizers[name]))
            for name, module in self.raw.items()
        }
        self.grad_norms: dict[str, Tensor] = {}
        self.step = 0
        self.best = math.inf
        if self.is_main:
            print(f"precision: {precision} ({reason})", flush=True)
        self._resume()
        self.board = open_board(self.accelerator, config.trackers, folder, self.step)
        self._first_step = self.step
        self._pace = Pace(self.step)

    @property
    def device(self) -> torch.device:
        return self.accelerator.device

    @property
    def shipped(self) -> nn.Module:
        """The moving average of the main module, in evaluation mode."""
        return self.averaged.module.eval()

    def batches(self, make: Callable[[int], Batch]) -> Iterator[Batch]:
        """Batches from the current step to the last, made one ahead in a thread."""
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        with ThreadPoolExecutor(1) as pool:

            def submit(step: int) -> Any:
                return pool.submit(make, step * processes + rank)

            pending = submit(self.step)
            while self.step < self.config.steps:
                batch = pending.result()
                pending = submit(self.step + 1)
                torch.manual_seed(self.config.seed * 1_000_003 + self.step)
                yield {name: _to(value, self.device) for name, value in batch.items()}
                self.step += 1
            pending.cancel()

    @property
    def is_main(self) -> bool:
        """Whether this process, of several on several GPUs, is the one that writes."""
        return bool(self.accelerator.is_main_process)

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        context: contextlib.AbstractContextManager[None] = self.accelerator.autocast()
        return context

    def update(self, name: str, loss: Tensor) -> None:
        """One optimizer step of module `name` down the gradient of `loss`."""
        optimizer, config = self.optimizers[name], self.optimizer_configs[name]
        for group in optimizer.param_groups:
            group["lr"] = self.rate_of(name)
        optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.grad_norms[name] = self.accelerator.clip_grad_norm_(
            self.modules[name].parameters(), config.max_grad_norm or math.inf
        )
        optimizer.step()
        if name == self.main:
            self._average()

    def rate_of(self, name: str) -> float:
        """The learning rate of module `name` at this step."""
        config = self.optimizer_configs[name]
        return config.rate_at(self.step, self.config.steps, self.steps_per_epoch)

    def restart_pace(self) -> None:
        """Measure the cost of a step anew, because steps cost something else from here on."""
        self._pace = Pace(self.step)

    def log(self, losses: dict[str, Tensor]) -> None:
        """Write losses by name to the board and the terminal every `log_every` steps."""
        if (self.step + 1) % self.config.log_every and self.step != self._first_step:
            return
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        self._check_finite(values)
        if not self.is_main:
            return
        for name, value in values.items():
            self.board.add_scalar(f"train/{name}", value, self.step)
        for name in self.grad_norms:
            self.board.add_scalar(f"train/learning_rate_{name}", self.rate_of(name), self.step)
            norm = float(self.grad_norms[name])
            self.board.add_scalar(f"train/gradient_norm_{name}", norm, self.step)
        named = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        print(
            f"step {self.step + 1}/{self.config.steps}  {named}  "
            f"{self._pace.describe(self.step + 1, self.config.steps)}",
            flush=True,
        )

    def is_due(self, every: int) -> bool:
        """Whether the step just finished is a multiple of `every`, or the last."""
        return (self.step + 1) % every == 0 or self.step + 1 == self.config.steps

    def finish_step(self, task: Trained) -> None:
        """Evaluate, export and save what is due after a step."""
        if self.is_main and self._pace.is_known_at(self.step + 1):
            print(self._pace.forecast(self.step + 1, self.config.steps), flush=True)
        if self.is_main and self.is_due(self.config.evaluate_every):
            metrics = task.evaluate(self.shipped, self.board, self.step)
            task.export(self.shipped, self.folder / "last", self.step + 1, metrics)
            if self.record(metrics):
                task.export(self.shipped, self.folder / "best", self.step + 1, metrics)
        if self.is_due(self.config.save_every):
            self.save()

    def record(self, metrics: dict[str, float]) -> bool:
        """Log evaluation metrics; whether the first of them is the best so far."""
        for name, value in metrics.items():
            self.board.add_scalar(f"evaluate/{name}", value, self.step)
        named = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        print(f"step {self.step + 1}  evaluated: {named}", flush=True)
        first = next(iter(metrics.values()))
        improved = first < self.best
        self.best = min(self.best, first)
        return improved

    def save(self) -> None:
        """Write what a resumed run needs, under a temporary name, then rename."""
        if not self.is_main:
            return
        self._check_weights()
        state = {
            "step": self.step + 1,
            "best": self.best,
            "averaged": self.averaged.state_dict(),
            "modules": {name: module.state_dict() for name, module in self.raw.items()},
            "optimizers": {name: o.state_dict() for name, o in self.optimizers.items()},
            "kinds": self._kinds,
            "identity": self.identity,
        }
        _save_state(state, self.folder / "state.pt")

    def close(self) -> None:
        self.board.close()

    def _resume(self) -> None:
        path = self.folder / "state.pt"
        if not path.is_file():
            return
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self._check_state(state)
            self.step, self.best = state["step"], state["best"]
            self.averaged.load_state_dict(state["averaged"])
            for name, module in self.raw.items():
                module.load_state_dict(state["modules"][name])
                _restore(self.optimizers[name], state["optimizers"][name])
        except UNFIT_STATE as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise TrainingError(
                f"{path}: cannot be resumed with this config ({reason}); choose another run folder "
                "(start_from begins with a checkpoint's weights)"
            ) from None
        is_over = self.step >= self.config.steps
        left = f"; loop.steps is {self.config.steps}: none is left to train" if is_over else ""
        print(f"resumed {self.folder} at step {self.step}{left}", flush=True)

    def _check_state(self, state: Any) -> None:
        """Raise `ValueError` for what loads and is something else; old states say less. What this
        run was begun with, and is not asked for again, goes on to be known.
        """
        if not isinstance(state, dict):
            raise ValueError("it is no state of a run")
        kinds = state.get("kinds", self._kinds)
        if kinds != self._kinds:
            its, ours = (", ".join(found.values()) for found in (kinds, self._kinds))
            raise ValueError(f"its optimizers are {its}, not {ours}")
        begun = state.get("identity", {})
        asked = {part: value for part, value in self.identity.items() if value is not None}
        if difference := first_difference(begun, asked):
            raise ValueError(difference)
        self.identity = begun | asked

    @property
    def _kinds(self) -> dict[str, str]:
        return {name: self.optimizer_configs[name].kind for name in self.raw}

    @property
    def _kept(self) -> str:
        has_state = (self.folder / "state.pt").is_file()
        return "state.pt holds the last good step" if has_state else "no step was saved before"

    def _average(self) -> None:
        # Young averages forget faster: the first steps' weights are noise.
        decay = min(self.config.average_decay, (1 + self.step) / (10 + self.step))
        self.averaged.multi_avg_fn = get_ema_multi_avg_fn(decay)
        self.averaged.update_parameters(self.raw[self.main])

    def _check_weights(self) -> None:
        for name, module in self.raw.items():
            if not all(bool(weight.isfinite().all()) for weight in module.parameters()):
                raise TrainingError(
                    f"{self.folder}: the weights of {name} are not finite at step "
                    f"{self.step + 1}; {self._kept}; try a lower learning rate"
                )

    def _check_finite(self, values: dict[str, float]) -> None:
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            raise TrainingError(
                f"{self.folder}: loss {', '.join(broken)} is not finite at step {self.step + 1}; "
                f"{self._kept}; try a lower learning rate"
            )


def _restore(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Load what it has gathered; its settings are those of this run's config, as its rate is."""
    settings = [
        {name: value for name, value in group.items() if name != "params"}
        for group in optimizer.param_groups
    ]
    optimizer.load_state_dict(state)
    for group, asked in zip(optimizer.param_groups, settings, strict=True):
        group.update(asked)


def _save_state(state: dict[str, Any], path: Path) -> None:
    """Write `path` whole or not at all, in a run's folder that this process holds."""
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            torch.save(state, file)
        sync(temporary)
        temporary.rename(path)
    except RuntimeError as error:  # of torch, about an error of the disk
        raise error.__context__ if isinstance(error.__context__, OSError) else error from None
    finally:
        temporary.unlink(missing_ok=True)


def _precision_of(config: LoopConfig, device: str) -> tuple[Precision, str]:
    if config.precision == "auto":
        return fastest_precision(device)
    if config.precision == "bf16" and device == "cpu" and not supports_bf16():
        raise ConfigError(
            "loop.precision: bf16 is not there on this processor; allowed are auto and no"
        )
    return config.precision, "loop.precision asks for it"


def _to(value: Any, device: torch.device) -> Any:
    return value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
