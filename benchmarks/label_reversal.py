"""What reversing the discriminators' labels does to the gradient that a MelGAN generator gets.

    python -m benchmarks.label_reversal --corpus ../shared/corpora/speech

Two runs of `configs/train/melgan-small.yaml`, made small, are alike until one of them reverses the
labels for an epoch in every few. Confident discriminators hardly teach: their score no longer
moves with the wave. Printed and drawn: the norm of the generator's gradient, from the runs'
own TensorBoard logs.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import VoxloomError
from models.training.adversarial import labels_are_reversed

CONFIG = Path("configs/train/melgan-small.yaml")
_SMALL = (
    "model.channels=64",
    "discriminators.channels=8",
    "discriminators.max_channels=64",
    "batch_size=4",
    "discriminators_from_step=0",
    "loop.log_every=1",
    "loop.evaluate_every=100000",
    "loop.save_every=100000",
    "optimizer.schedule=constant",
    "discriminators_optimizer.schedule=constant",
)
_SMOOTHED = 10  # steps
_CURVES = ("gradient_norm_generator", "adversarial", "discriminators")


@dataclass(frozen=True, slots=True)
class Arm:
    """One run and its curves, a value a step (steps,)."""

    name: str
    reverse_every: int
    curves: dict[str, np.ndarray]


def run_arm(name: str, reverse_every: int, arguments: argparse.Namespace) -> Arm:
    """Train, or take the finished run that lies there, and read its curves."""
    from models.training.run import train

    folder = arguments.out / name
    overrides = (
        *_SMALL,
        f"run={folder}",
        f"corpus.root={arguments.corpus}",
        f"corpus.folders=[{', '.join(arguments.folders)}]",
        f"loop.steps={arguments.steps}",
        f"reverse_labels_every={reverse_every}",
    )
    train(CONFIG, overrides)
    return Arm(name, reverse_every, {curve: _read_curve(folder, curve) for curve in _CURVES})


def _read_curve(run: Path, name: str) -> np.ndarray:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    by_step = {event.step: event.value for event in events.Scalars(f"train/{name}")}
    return np.array([by_step[step] for step in sorted(by_step)])


def reversed_steps(steps: int, steps_per_epoch: int, every: int) -> np.ndarray:
    """(steps,) bool: where the labels are reversed."""
    return np.array([labels_are_reversed(step, steps_per_epoch, every) for step in range(steps)])


def table(arms: Sequence[Arm], steps_per_epoch: int) -> str:
    """Medians over the second half of the runs, as Markdown, when discriminators have learned."""
    from models.evaluation.tables import markdown_table

    rows = []
    half = len(arms[0].curves[_CURVES[0]]) // 2
    marked = reversed_steps(2 * half, steps_per_epoch, max(arm.reverse_every for arm in arms))
    after = np.roll(marked, steps_per_epoch)
    for arm in arms:
        for where, mask in (("epochs reversed", marked), ("the epoch after", after)):
            rows.append([f"{arm.name}: {where}", *_medians(arm, mask, half)])
        rows.append([f"{arm.name}: all others", *_medians(arm, ~(marked | after), half)])
    return markdown_table(
        ("run", "gradient norm", "adversarial loss", "discriminators' loss"), rows
    )


def _medians(arm: Arm, mask: np.ndarray, half: int) -> list[str]:
    return [f"{np.median(arm.curves[name][half : 2 * half][mask[half:]]):.3g}" for name in _CURVES]


def draw(arms: Sequence[Arm], steps_per_epoch: int, path: Path) -> None:
    """Gradient norms of both runs, smoothed over ten steps; reversed epochs are shaded."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.2), layout="constrained")
    for arm in arms:
        norms = arm.curves[_CURVES[0]]
        smooth = np.exp(np.convolve(np.log(norms), np.ones(_SMOOTHED) / _SMOOTHED, mode="valid"))
        axes.semilogy(np.arange(len(smooth)) + _SMOOTHED / 2, smooth, label=arm.name, linewidth=1)
    every = max(arm.reverse_every for arm in arms)
    marked = reversed_steps(len(arms[0].curves[_CURVES[0]]), steps_per_epoch, every)
    axes.fill_between(
        np.arange(len(marked)), 0, 1, where=marked, alpha=0.15, color="grey",
        transform=axes.get_xaxis_transform(), label="labels reversed",
    )  # fmt: skip
    axes.set(xlabel="step", ylabel="generator's gradient norm")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def steps_per_epoch_of(arguments: argparse.Namespace) -> int:
    """Clips a batch covers: the same count as the recipe's."""
    from models.config import load_config
    from models.training.melgan import MelGanTask, MelGanTraining
    from models.training.vocoder import open_corpus

    overrides = (
        *_SMALL,
        f"corpus.root={arguments.corpus}",
        f"corpus.folders=[{', '.join(arguments.folders)}]",
    )
    config = load_config(MelGanTraining, CONFIG, overrides)
    return MelGanTask(config, open_corpus(config)).steps_per_epoch


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.label_reversal",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora/speech"))
    parser.add_argument("--folders", nargs="*", default=["ljspeech"], help="below --corpus")
    parser.add_argument("--every", type=int, default=3, help="epochs, one of which is reversed")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("runs/label_reversal"))
    parser.add_argument("--picture", type=Path, default=Path("runs/label_reversal/norms.png"))
    arguments = parser.parse_args(argv)
    try:
        arms = [run_arm("never", 0, arguments), run_arm("reversed", arguments.every, arguments)]
        epoch = steps_per_epoch_of(arguments)
    except VoxloomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    draw(arms, epoch, arguments.picture)
    print(f"\n{arguments.steps} steps, {epoch} an epoch, 1 epoch in {arguments.every} reversed\n")
    print(table(arms, epoch))
    return 0


if __name__ == "__main__":
    sys.exit(main())
