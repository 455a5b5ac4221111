import numpy as np
import pytest
import torch

from models.errors import TrainingError
from models.recognition.probe_networks import probe_mel
from models.training.probe import (
    LabelledFeatures,
    ProbeTraining,
    loss_of,
    train_probe,
    transcribe_clips,
)

RATE = 8000
SHORT = ProbeTraining(epochs=5, max_frames=400, learning_rate=5e-3)


def clips(count: int, seed: int, words: tuple[str, ...] = ("no", "yes")) -> list[LabelledFeatures]:
    """Each word has a band of its own, in noise."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        word = words[number % len(words)]
        features = rng.normal(size=(24 + number % 5, probe_mel(RATE).n_mels)).astype(np.float32)
        features[4:16, 6 * words.index(word) : 6 * words.index(word) + 6] += 3.0
        made.append(LabelledFeatures(features, word))
    return made


def share_right(result: list[str], meant: list[LabelledFeatures]) -> float:
    return float(np.mean([text == clip.text for text, clip in zip(result, meant, strict=True)]))


def test_keywords_are_learned() -> None:
    probe = train_probe("keyword", RATE, clips(40, 0), clips(10, 1), SHORT)
    tested = clips(30, 2)
    assert share_right(transcribe_clips(probe, tested), tested) > 0.9


def test_letters_are_learned() -> None:
    long = ProbeTraining(epochs=15, patience=15, max_frames=300, learning_rate=5e-3)
    probe = train_probe("ctc", RATE, clips(40, 0), clips(10, 1), long)
    tested = clips(20, 2)
    assert share_right(transcribe_clips(probe, tested), tested) > 0.9


def test_same_seed_same_weights() -> None:
    def weights(seed: int) -> torch.Tensor:
        config = ProbeTraining(epochs=2, max_frames=400, seed=seed)
        probe = train_probe("keyword", RATE, clips(20, 0), clips(6, 1), config)
        return torch.nn.utils.parameters_to_vector(probe.parameters())

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


def test_the_best_weights_on_validation_are_kept() -> None:
    told: list[str] = []
    stubborn = ProbeTraining(epochs=30, patience=2, max_frames=200, learning_rate=5e-3)
    # Validation says the contrary of training: what is learned makes it worse, and learning stops.
    contrary = [
        LabelledFeatures(c.features, {"no": "yes", "yes": "no"}[c.text]) for c in clips(10, 1)
    ]
    probe = train_probe("keyword", RATE, clips(40, 0), contrary, stubborn, told.append)
    losses = [float(line.rpartition(" ")[2]) for line in told]
    assert len(losses) < 30
    assert loss_of(probe, contrary) == pytest.approx(min(losses), abs=1e-3)


def test_clips_that_are_not_finite_are_told() -> None:
    broken = [
        LabelledFeatures(np.full_like(clip.features, np.nan), clip.text) for clip in clips(4, 0)
    ]
    with pytest.raises(TrainingError, match="not finite"):
        train_probe("keyword", RATE, broken, clips(2, 1), SHORT)
