import sys
from types import SimpleNamespace

import numpy as np
import pytest

from models.checkpoint import load_checkpoint
from models.errors import DataError
from models.evaluation.diversity import effective_number, embed, load_encoder, spread_of


def test_as_many_as_are_wholly_different() -> None:
    assert effective_number(np.eye(5)) == pytest.approx(5.0)
    assert effective_number(np.tile([[1.0, 0, 0]], (7, 1))) == pytest.approx(1.0)
    two_of_each = np.concatenate([np.eye(4), np.eye(4)])
    assert effective_number(two_of_each) == pytest.approx(4.0)


def test_alike_voices_count_for_less_than_unlike_ones() -> None:
    near = np.array([[1.0, 0.1], [1.0, -0.1]])
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    assert 1.0 < effective_number(near) < 1.1


def test_spread_between_and_within() -> None:
    vectors = np.repeat(np.eye(3), 2, axis=0)
    spread = spread_of(vectors, ["a", "a", "b", "b", "c", "c"])
    assert (spread.speakers, spread.clips) == (3, 6)
    assert spread.between_speakers == pytest.approx(1.0)
    assert spread.within_speakers == pytest.approx(0.0)
    assert spread.effective_speakers == pytest.approx(3.0)
    mixed = spread_of(vectors, ["a", "b", "c", "a", "b", "c"])
    assert mixed.within_speakers > 0.2


def test_a_clip_becomes_a_unit_vector_at_any_rate() -> None:
    encoder = load_checkpoint("speaker-encoder")
    wave = np.random.default_rng(0).normal(size=8000).astype(np.float32)
    vector = embed(wave, 16000, encoder)
    assert vector is not None
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert embed(wave[:1000], 16000, encoder) is None


def test_resemblyzer_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    result: list[np.ndarray] = []

    class VoiceEncoder:
        def __init__(self, device: str, verbose: bool) -> None:
            assert (device, verbose) == ("cpu", False)

        def embed_utterance(self, wave: np.ndarray) -> np.ndarray:
            result.append(wave)
            return np.array([0.6, 0.8], np.float32)

    package = SimpleNamespace(VoiceEncoder=VoiceEncoder, preprocess_wav=lambda wave: wave)
    monkeypatch.setitem(sys.modules, "resemblyzer", package)
    embed_voice = load_encoder("resemblyzer")
    vector = embed_voice(np.full(22050, 0.1, np.float32), 22050)
    assert vector is not None
    assert vector.dtype == np.float64
    assert np.allclose(vector, [0.6, 0.8])
    assert len(result[0]) == 16000  # at the rate of the package
    assert embed_voice(np.zeros(1000, np.float32), 22050) is None
    assert embed_voice(np.zeros(22050, np.float32), 22050) is None


def test_without_resemblyzer_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resemblyzer", None)
    with pytest.raises(DataError, match=r"resemblyzer is not installed: pip install -e '\.\[resem"):
        load_encoder("resemblyzer")
