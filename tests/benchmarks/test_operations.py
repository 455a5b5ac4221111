"""Operations and bytes are counted, views not."""

import pytest
import torch

from benchmarks.operations import GPUS, Cost, acoustic_cost, cost_of
from models.checkpoint import shared_checkpoint
from tests.tiny_voices import TinyVoices


def test_a_product_of_matrices() -> None:
    a, b = torch.ones(3, 5), torch.ones(5, 7)
    cost = cost_of(lambda: (a @ b).view(21), audio_s=2.0)
    assert cost == Cost(operations=2 * 3 * 5 * 7 / 2, bytes=4 * (15 + 35 + 21) / 2)


def test_twice_the_cost_takes_twice_as_long(tiny_voices: TinyVoices) -> None:
    cost = acoustic_cost(shared_checkpoint(str(tiny_voices.acoustic_model)))
    assert cost.operations > 0
    for gpu in GPUS:
        assert (cost + cost).real_time(gpu) == pytest.approx(cost.real_time(gpu) / 2)
