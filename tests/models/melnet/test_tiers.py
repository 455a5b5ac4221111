"""A spectrogram cut into tiers and joined again."""

import pytest
import torch

from models.melnet.tiers import bands_of, frames_of, interleave, split


@pytest.mark.parametrize("num_tiers", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("size", [(8, 16), (16, 24)])
def test_interleaving_undoes_the_split(num_tiers: int, size: tuple[int, int]) -> None:
    mels = torch.rand(2, *size)
    coarse = split(mels, 1, num_tiers)[1]
    assert coarse.shape[1] == bands_of(1, num_tiers, size[0])
    assert coarse.shape[2] == frames_of(1, num_tiers, size[1])
    for tier in range(2, num_tiers + 1):
        told, between = split(mels, tier, num_tiers)
        assert torch.equal(told, coarse)
        coarse = interleave(between, coarse, tier)
    assert torch.equal(coarse, mels)
