"""Noise that is heard again, and conditions that are fewer than they look."""

import numpy as np
import pytest

from pipeline.audit.repeats import conditions, repeated_segments


@pytest.mark.parametrize("length_s", [0.3, 3.0, 60.0])
def test_starts_drawn_at_random_repeat_no_more_than_chance(length_s: float) -> None:
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(50):
        sources, offsets_s = rng.integers(8, size=2000), rng.uniform(0, length_s, 2000)
        found = repeated_segments(sources, offsets_s)
        alarms += found.p < 0.01
        assert found.pairs == pytest.approx(found.expected, rel=0.5, abs=15)
    assert alarms <= 2


def test_a_stretch_that_is_used_again_is_found() -> None:
    rng = np.random.default_rng(2)
    sources, offsets_s = rng.integers(8, size=300), rng.uniform(0, 20, 300)
    offsets_s[:60] = offsets_s[60:120]
    sources[:60] = sources[60:120]
    found = repeated_segments(sources, offsets_s)
    assert found.p < 1e-6
    assert found.share >= 0.2


def test_always_beginning_at_the_start_of_a_file_is_a_repeat() -> None:
    assert repeated_segments(np.zeros(50, int), np.zeros(50)).p < 1e-6


def test_conditions_are_counted_as_if_used_equally_often() -> None:
    noise, room = np.repeat([0, 1], 8), np.tile([0, 1], 8)
    found = conditions([noise, room], np.zeros(16, int), np.random.default_rng(3))
    assert found.used == 4
    assert found.effective == pytest.approx(4.0)


def test_parts_that_come_together_make_fewer_conditions_than_chance() -> None:
    rng = np.random.default_rng(4)
    noise, room = rng.integers(10, size=500), rng.integers(10, size=500)
    strata = rng.integers(3, size=500)
    free = conditions([noise, room], strata, rng)
    tied = conditions([noise, np.where(rng.random(500) < 0.5, noise, room)], strata, rng)
    assert free.p > 0.01
    assert tied.p < 1e-4
    assert tied.effective < 0.9 * tied.by_chance
