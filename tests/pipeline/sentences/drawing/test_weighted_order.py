"""Every combination comes once, and heavy ones come first."""

from itertools import product

import numpy as np
import pytest

from pipeline.domain.slots.vocabulary import Entry, Vocabulary, vocabulary_of
from pipeline.sentences.drawing import weighted_order
from pipeline.sentences.drawing.weighted_order import by_weight

VALUES = vocabulary_of("a", [Entry("x", 9.0), Entry("y"), Entry("z", 3.0), Entry("v")])


def _log_weights(vocabulary: Vocabulary, indices: np.ndarray) -> np.ndarray:
    return np.log(vocabulary.weights_at(indices))


@pytest.mark.parametrize("at_once", [1 << 14, 8])  # sorted, or in passes
@pytest.mark.parametrize("slots", [0, 1, 3])
def test_every_combination_comes_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int, slots: int
) -> None:
    monkeypatch.setattr(weighted_order, "_AT_ONCE", at_once)
    found = list(by_weight([VALUES] * slots, _log_weights, np.random.default_rng(1)))
    assert len(found) == 4**slots
    assert set(found) == set(product(range(4), repeat=slots))


def test_the_first_is_as_a_draw_by_weight() -> None:
    firsts = [
        VALUES[next(by_weight([VALUES], _log_weights, np.random.default_rng(seed)))[0]]
        for seed in range(1400)
    ]
    assert [firsts.count(value) / 100 for value in "xzyv"] == pytest.approx([9, 3, 1, 1], rel=0.3)


def test_heavy_ones_come_first_also_in_passes() -> None:
    heavy = [Entry(f"heavy {number}", 100.0) for number in range(9)]
    many = vocabulary_of("a", [*heavy, *(Entry(f"light {number}") for number in range(90))])
    found = by_weight([many] * 3, _log_weights, np.random.default_rng(1))
    assert np.mean([sum(index < 9 for index in next(found)) for _ in range(500)]) > 2
