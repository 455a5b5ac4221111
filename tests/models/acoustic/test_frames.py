"""Which frames belong to which symbol."""

import torch

from models.acoustic.frames import first_frames


def test_the_first_frames_of_a_symbol_are_found_and_none_beyond_the_last() -> None:
    durations, counts = torch.tensor([[3, 4]]), torch.tensor([[0, 2]])
    frames = first_frames(counts, durations, num_frames=12)[0].nonzero()
    assert frames.flatten().tolist() == [3, 4]
