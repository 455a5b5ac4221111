import numpy as np
import torch

from models.training.batching import LengthBatches, pad_stack

LENGTHS = [int(length) for length in np.random.default_rng(0).integers(5, 200, 60)]


def _epochs(batches: LengthBatches, num_clips: int, num_epochs: int) -> list[list[np.ndarray]]:
    epochs: list[list[np.ndarray]] = []
    step = 0
    for _ in range(num_epochs):
        epochs.append([])
        while sum(map(len, epochs[-1])) < num_clips:
            epochs[-1].append(batches.at(step))
            step += 1
    return epochs


def test_every_clip_appears_once_an_epoch_in_a_new_order() -> None:
    first, second = _epochs(LengthBatches(LENGTHS, 600, seed=1), 60, 2)
    for epoch in (first, second):
        assert sorted(np.concatenate(epoch).tolist()) == list(range(60))
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in second]


def test_no_batch_exceeds_its_frames_padding_included() -> None:
    for batch in _epochs(LengthBatches(LENGTHS, 600, seed=1), 60, 1)[0]:
        assert max(LENGTHS[index] for index in batch) * len(batch) <= 600
    long = LengthBatches([1000, 10, 10], 600, seed=1)
    assert [1000] in [[(1000, 10, 10)[i] for i in long.at(step)] for step in range(2)]


def test_batch_depends_on_the_step_alone() -> None:
    forward, jumping = LengthBatches(LENGTHS, 600, 1), LengthBatches(LENGTHS, 600, 1)
    expected = [forward.at(step).tolist() for step in range(50)]
    for step in (49, 3, 30, 0, 49):
        assert jumping.at(step).tolist() == expected[step]
    other_seed = LengthBatches(LENGTHS, 600, 2)
    assert [other_seed.at(step).tolist() for step in range(50)] != expected


def test_repeats_show_a_clip_more_often() -> None:
    repeats = [3 if index == 7 else 1 for index in range(60)]
    batches = _epochs(LengthBatches(LENGTHS, 600, 1, repeats), 62, 1)[0]
    seen = np.bincount(np.concatenate(batches), minlength=60)
    assert seen.tolist() == repeats


def test_batches_hold_clips_of_like_length() -> None:
    batches = _epochs(LengthBatches(LENGTHS, 1000, 1), 60, 1)[0]
    padded = sum(max(LENGTHS[i] for i in batch) * len(batch) for batch in batches)
    assert padded < 1.25 * sum(LENGTHS)


def test_pad_stack() -> None:
    padded = pad_stack([np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)], value=-1.0)
    assert padded.shape == (2, 4, 3)
    assert padded.dtype == torch.float32
    assert padded[0, :, 0].tolist() == [1, 1, -1, -1]
