import numpy as np
import pytest
import torch

from models.evaluation.babble import (
    Portrait,
    count_words,
    modulation,
    report,
    shuffled,
    together,
)
from models.mel import MelConfig


def test_syllables_are_found_in_the_loudness() -> None:
    time_s = torch.arange(256) / 86
    amplitude = (1 + 0.5 * torch.sin(2 * torch.pi * 4 * time_s)).expand(3, 20, -1)
    rate_hz, depth = modulation(amplitude, 1 / 86)
    assert rate_hz == pytest.approx(4, rel=0.3)
    assert depth == pytest.approx(0.5 / 2**0.5, rel=0.05)


def test_words_are_counted_once_and_the_longest_first() -> None:
    words = {"l a m p", "l a m p s", "k i tʃ ə n"}
    row = [*"ðəlampsɪnðəki", "tʃ", *"ənlamp"]
    assert count_words(row, words) == 3
    assert count_words(row[:5], words) == 0
    assert count_words(row, set()) == 0


def test_shuffling_keeps_the_phones_and_loses_the_words() -> None:
    rows = [["l", "a", "m", "p"] * 20, ["s"] * 5]
    mixed = shuffled(rows)
    assert [len(row) for row in mixed] == [80, 5]
    assert sorted(phone for row in mixed for phone in row) == sorted(rows[0] + rows[1])
    assert count_words(mixed[0], {"l a m p"}) < 5


def test_spectra_are_compared_with_the_first() -> None:
    first = Portrait(np.zeros(3), 4.0, 0.9, 10.0, 60.0, 2.0)
    other = Portrait(np.array([1.0, -2.0, 3.0]), 4.2, 0.7, 9.0, 3.0, 2.5)
    lines = report({"real": first, "drawn": other}).splitlines()
    assert "0.0" in lines[2]
    assert [cell.strip() for cell in lines[3].split("|")][1:5] == ["drawn", "2.0", "4.2", "0.70"]


def test_voices_at_once_have_the_power_of_all() -> None:
    mel = MelConfig(n_mels=2)
    mels = torch.tensor([3.0, 4.0]).log()[:, None, None].expand(2, 2, 5)
    mixed = together(torch.cat([mels, mels[:1]]), mel, 2)
    assert mixed.shape == (1, 2, 5)
    torch.testing.assert_close(mixed.exp(), torch.full((1, 2, 5), 12.5**0.5))
