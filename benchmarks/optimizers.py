"""How far optimizers bring FastSpeech 2 in so many steps from scratch, and what a step costs.

    python -m benchmarks.optimizers

Runs of `configs/train/fastspeech2.yaml`, made small, that differ in optimizer and seed alone: a
seed has the same weights to begin with and the same batches for all. The error is that of mels over
the last tenth of the steps; while the first epoch lasts, of clips hardly trained on before.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from models.errors import VoxloomError
from models.evaluation.tables import markdown_table

CONFIG = Path("configs/train/fastspeech2.yaml")
_WARM = 3  # steps before the clock starts


class Arm(NamedTuple):
    """An optimizer at a learning rate, as `muon:1e-3` says it."""

    kind: str
    rate: float

    @classmethod
    def parse(cls, text: str) -> "Arm":
        """Raises `ArgumentTypeError` for another form."""
        kind, _, rate = text.partition(":")
        try:
            return cls(kind, float(rate))
        except ValueError:
            told = f"{text!r}: expected KIND:RATE, as muon:1e-3"
            raise argparse.ArgumentTypeError(told) from None


class Run(NamedTuple):
    """Mean absolute errors of normalized mels (steps,), and seconds a step."""

    errors: np.ndarray
    seconds: float

    @property
    def reached(self) -> float:
        """The mean error over the last tenth of the steps."""
        return float(self.errors[-max(1, len(self.errors) // 10) :].mean())


class Lesson:
    """The corpus, aligned once for all runs."""

    def __init__(self, overrides: Sequence[str]) -> None:
        from models.config import load_config
        from models.training.align import align_corpus
        from models.training.fastspeech2 import FastSpeech2Training
        from models.training.features import prepare_features
        from models.training.phone_errors import load_recognizer

        self._config = load_config(FastSpeech2Training, CONFIG, overrides)
        recognizer = load_recognizer(self._config.recognizer)
        self._recognizer = recognizer.model
        self._features = prepare_features(self._config.corpus, recognizer.mel, self._config.cache)
        self._alignments = align_corpus(self._features, recognizer, self._config.cache)

    def learn(self, arm: Arm, seed: int, steps: int) -> Run:
        """Train for so many steps in float32."""
        from models.config import as_mapping, build
        from models.losses import weighted_sum
        from models.training.fastspeech2 import FastSpeech2Task
        from models.training.optimizers import OptimizerConfig, make_optimizer

        changed = {"kind": arm.kind, "learning_rate": arm.rate, "warmup_steps": steps // 10}
        settings = as_mapping(self._config.optimizer) | changed
        optimizer_config = build(OptimizerConfig, settings, where=f"--arms {arm.kind}:{arm.rate:g}")
        loop = dataclasses.replace(self._config.loop, seed=seed)
        config = dataclasses.replace(self._config, optimizer=optimizer_config, loop=loop)
        torch.manual_seed(seed)
        task = FastSpeech2Task(config, self._features, self._alignments, self._recognizer)
        model = task.model.train()
        optimizer = make_optimizer(model, optimizer_config)
        errors, started = [], time.perf_counter()
        for step in range(steps):
            if step == _WARM:
                started = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = optimizer_config.rate_at(step, steps)
            torch.manual_seed(seed * 1_000_003 + step)
            losses = task.losses(model, task.batch(step))
            optimizer.zero_grad()
            weighted_sum(losses, task.loss_weights).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), optimizer_config.max_grad_norm)
            optimizer.step()
            errors.append(float(losses["mel"].detach()))
        return Run(np.array(errors), (time.perf_counter() - started) / max(1, steps - _WARM))


def table(runs: dict[Arm, list[Run]]) -> str:
    """A row an arm: mean and standard deviation of the error over seeds, how much that is of the
    first arm's, seed by seed, and seconds a step.
    """
    first = np.array([run.reached for run in next(iter(runs.values()))])
    rows = []
    for arm, found in runs.items():
        reached = np.array([run.reached for run in found])
        ratio = reached / first
        rows.append(
            [
                f"{arm.kind}, {arm.rate:g}",
                f"{reached.mean():.4f} ± {_spread(reached):.4f}",
                f"{ratio.mean():.3f} ± {_spread(ratio):.3f}",
                f"{np.mean([run.seconds for run in found]):.2f}",
            ]
        )
    return markdown_table(("optimizer, rate", "mel error", "x the first", "s a step"), rows)


def _spread(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.optimizers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora/speech"))
    parser.add_argument("--folders", nargs="*", default=["kathleen", "ljspeech", "an4", "vctk4"])
    arms = [Arm("adamw", 1.5e-3), Arm("muon", 1.5e-3)]
    parser.add_argument(
        "--arms",
        nargs="+",
        type=Arm.parse,
        default=arms,
        help="KIND:RATE, the first to compare with",
    )
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=1000, help="mel frames a batch")
    parser.add_argument("--set", nargs="*", default=[], help="other keys of the config, KEY=VALUE")
    asked: Any = parser.parse_args(argv)
    overrides = (
        f"corpus.root={asked.corpus}",
        f"corpus.folders=[{', '.join(asked.folders)}]",
        f"frames_per_batch={asked.frames}",
        *asked.set,
    )
    try:
        lesson = Lesson(overrides)
        runs: dict[Arm, list[Run]] = {arm: [] for arm in asked.arms}
        for seed in range(1, asked.seeds + 1):
            for arm, found in runs.items():
                found.append(lesson.learn(arm, seed, asked.steps))
                print(
                    f"seed {seed}  {arm.kind} {found[-1].reached:.4f}", file=sys.stderr, flush=True
                )
    except VoxloomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{asked.steps} steps of {asked.frames} frames, {asked.seeds} seeds\n")
    print(table(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
