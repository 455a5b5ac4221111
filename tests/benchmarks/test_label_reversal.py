from pathlib import Path

import numpy as np

from benchmarks.label_reversal import Arm, draw, reversed_steps, table


def _arm(name: str, every: int, norms: np.ndarray) -> Arm:
    curves = ("gradient_norm_generator", "adversarial", "discriminators")
    return Arm(name, every, dict.fromkeys(curves, norms))


def test_reversed_epochs_are_the_last_of_every_so_many() -> None:
    marked = reversed_steps(40, steps_per_epoch=5, every=4)
    assert np.flatnonzero(marked).tolist() == [*range(15, 20), *range(35, 40)]


def test_table_compares_the_second_half_of_both_runs(tmp_path: Path) -> None:
    never, reversing = np.ones(40), np.ones(40)
    reversing[35:] = 8.0  # the second half's only reversed epoch
    reversing[20:25] = 3.0  # the epoch after the first one
    arms = [_arm("never", 0, never), _arm("reversed", 4, reversing)]
    rows = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in
            table(arms, steps_per_epoch=5).splitlines()}  # fmt: skip
    assert rows["never: epochs reversed"] == "1"
    assert rows["reversed: epochs reversed"] == "8"
    assert rows["reversed: the epoch after"] == "3"
    assert rows["reversed: all others"] == "1"
    draw(arms, 5, tmp_path / "norms.png")
    assert (tmp_path / "norms.png").stat().st_size > 1000
