import numpy as np
import pytest

from pipeline.sentences.drawing.permutation import MAX_SIZE, Permutation


@pytest.mark.parametrize("size", [1, 2, 3, 10, 97, 4096, 5001])
def test_every_number_comes_once(size: int) -> None:
    order = Permutation(size, np.random.default_rng(1))
    blocks = [order.at(start, 64) for start in range(0, size, 64)]
    assert sorted(np.concatenate(blocks)) == list(range(size))


def test_blocks_do_not_change_the_order_and_keys_do() -> None:
    order = Permutation(1000, np.random.default_rng(1))
    other = Permutation(1000, np.random.default_rng(2))
    assert np.array_equal(order.at(0, 100)[30:50], order.at(30, 20))
    assert (order.at(0, 1000) == other.at(0, 1000)).mean() < 0.05


def test_numbers_are_spread_from_the_first_on() -> None:
    numbers = Permutation(10**12, np.random.default_rng(3)).at(0, 2000)
    counts = np.histogram(numbers, bins=10, range=(0, 10**12))[0]
    assert counts.min() > 140
    assert counts.max() < 260
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.1


def test_sizes_beyond_64_bits_are_refused() -> None:
    assert Permutation(MAX_SIZE, np.random.default_rng(1)).at(0, 3).max() < MAX_SIZE
    with pytest.raises(ValueError, match="size 0"):
        Permutation(0, np.random.default_rng(1))
    with pytest.raises(ValueError, match="are allowed"):
        Permutation(MAX_SIZE + 1, np.random.default_rng(1))
