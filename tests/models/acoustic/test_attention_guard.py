import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from models.acoustic.attention_guard import GuardLimits, attention_faults, diagonality


def _attention(path: Sequence[int], symbols: int, sharpness: float = 0.9) -> np.ndarray:
    """(L, N): at each step, `sharpness` of the attention on the path's symbol."""
    attention = np.full((len(path), symbols), (1 - sharpness) / (symbols - 1), dtype=np.float32)
    attention[np.arange(len(path)), list(path)] = sharpness
    return attention


def _diagonal(symbols: int, steps_each: int = 3) -> list[int]:
    return [symbol for symbol in range(symbols) for _ in range(steps_each)]


def _faults(path: Sequence[int], symbols: int, stopped: bool = True) -> tuple[str, ...]:
    return attention_faults(_attention(path, symbols, 0.98), stopped)


def test_a_diagonal_is_fine() -> None:
    assert _faults(_diagonal(20), 20) == ()


def test_a_soft_diagonal_is_fine() -> None:
    index = np.arange(60)[:, None] / 3 - np.arange(20)[None]
    attention = np.exp(-(index**2) / 2)
    assert attention_faults(attention / attention.sum(axis=1, keepdims=True), True) == ()


def test_a_pause_and_a_glance_back_are_fine() -> None:
    path = [*_diagonal(8), *[8] * 30, 7, *range(9, 20)]
    assert _faults(path, 20) == ()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ([*_diagonal(8), *range(14, 20)], "skipped symbols 9 to 14 of 20"),
        ([*_diagonal(12), *range(4, 20)], "repeated: went back from symbol 12 to 5"),
        ([*_diagonal(10), *[10] * 130, *range(11, 20)], "stuck on one symbol for 130 frames"),
        (_diagonal(12), "ended early: after symbol 12 of 20"),
    ],
)
def test_classic_failures_are_named(path: list[int], fault: str) -> None:
    assert _faults(path, 20) == (fault,)


def test_a_runaway_is_named() -> None:
    path = [*_diagonal(20), *[19] * 200]
    assert _faults(path, 20, stopped=False) == (
        "stuck on one symbol for 203 frames",
        "ran on: no stop within 260 frames",
    )


def test_several_repeats_are_each_named() -> None:
    path = [*_diagonal(10), *range(3, 15), *range(8, 20)]
    assert [fault.split(":")[0] for fault in _faults(path, 20)] == ["repeated", "repeated"]


def test_blurred_attention_is_named() -> None:
    attention = np.full((30, 20), 1 / 20, dtype=np.float32)
    attention[np.arange(30), np.linspace(0, 19, 30).astype(int)] += 0.01
    assert attention_faults(attention, True) == ("blurred: no symbol was read clearly",)


def test_frames_count_in_steps_of_several() -> None:
    path = [*_diagonal(10), *[10] * 50, *range(11, 20)]
    attention = _attention(path, 20)
    assert attention_faults(attention, True) == ()
    assert attention_faults(attention, True, frames_per_step=3) == (
        "stuck on one symbol for 150 frames",
    )


def test_limits_can_be_changed() -> None:
    attention = _attention([*_diagonal(8), *range(14, 20)], 20)
    lax = dataclasses.replace(GuardLimits(), skipped_symbols=10, read_weight=0.01)
    assert attention_faults(attention, True, limits=lax) == ()


@pytest.mark.parametrize(
    ("path", "share"),
    [(_diagonal(20), 1.0), ([0, 1, 0, 1, 0], 0.5), ([9, 6, 3, 0], 0.0), ([5], 1.0)],
)
def test_diagonality(path: list[int], share: float) -> None:
    assert diagonality(_attention(path, 20)) == pytest.approx(share)
