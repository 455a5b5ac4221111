import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.errors import DataError
from models.evaluation import whisper
from models.evaluation.whisper import Whisper

_SECOND = np.zeros(16_000, np.float32)
_PROMPT = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
_PROBABILITIES = {"Ġthe": 0.5, "Ġferry": 0.01, "Ġtam": 0.4, "arin": 0.5, "Ġleaves": 1.0}


class _Tokenizer:
    """Parts punctuation from words, and lacks the merges of words in t, as some packages do."""

    def __init__(self) -> None:
        names = [*_PROMPT, *_PROBABILITIES, ".", "Ġ", "the", "tam", "Ġt", "t", "a", "m"]
        self._names = dict.fromkeys(names)
        self._ids = {name: number for number, name in enumerate(self._names)}

    def get_vocab(self) -> dict[str, int]:
        return dict(self._ids)

    def token_to_id(self, name: str) -> int:
        return self._ids[name]

    def id_to_token(self, number: int) -> str:
        return list(self._names)[number]

    def encode(self, text: str, add_special_tokens: bool) -> SimpleNamespace:
        assert not add_special_tokens
        word = text.strip().removesuffix(".")
        names = {"the": ["Ġ", "the"], "tamarin": ["Ġ", "tam", "arin"]}.get(word, [f"Ġ{word}"])
        names += ["."] * text.endswith(".")
        return SimpleNamespace(ids=[self._ids[name] for name in names])


class _Model:
    """Is as sure of every token as `_PROBABILITIES` says, and of no full stop."""

    asked: tuple[Any, ...]

    def __init__(self, folder: str, **settings: object) -> None:
        self.hf_tokenizer, self.model = _Tokenizer(), self

    def feature_extractor(self, wave: np.ndarray) -> np.ndarray:
        return np.ones((80, len(wave) // 160 + 1), np.float32)

    def encode(self, features: np.ndarray) -> np.ndarray:
        assert features.shape == (80, 3000)
        return features

    def transcribe(self, wave: np.ndarray, **settings: object) -> tuple[Any, None]:
        assert settings["language"] == "en"
        assert settings["temperature"] == 0.0, "words would be drawn at random"
        return [SimpleNamespace(text=" The ferry"), SimpleNamespace(text=" leaves.")], None

    def align(
        self, encoded: np.ndarray, prompt: list[int], tokens: list[list[int]], frames: list[int]
    ) -> list[SimpleNamespace]:
        names = [self.hf_tokenizer.id_to_token(token) for token in tokens[0]]
        _Model.asked = ([self.hf_tokenizer.id_to_token(id) for id in prompt], names, frames)
        probabilities = [_PROBABILITIES.get(name, 0.001) for name in names]
        return [SimpleNamespace(text_token_probs=probabilities)]


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Whisper:
    (tmp_path / "model.bin").write_bytes(b"weights")
    package = SimpleNamespace(WhisperModel=_Model)
    monkeypatch.setattr(whisper, "import_judge", lambda name: package)
    return Whisper(tmp_path)


def test_a_folder_without_whisper_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no Whisper for CTranslate2 there"):
        Whisper(tmp_path)


def test_what_is_heard_is_one_line(listener: Whisper) -> None:
    assert listener.transcribe(_SECOND) == "The ferry leaves."


def test_surprisal_is_the_mean_over_words(listener: Whisper) -> None:
    assert listener.surprisal(_SECOND, "the leaves") == pytest.approx(-math.log(0.5) / 2)
    prompt, _, frames = _Model.asked
    assert prompt == _PROMPT
    assert frames == [101]


def test_a_lost_word_counts_three_nats(listener: Whisper) -> None:
    assert listener.surprisal(_SECOND, "ferry leaves") == pytest.approx(3.0 / 2)


def test_punctuation_is_given_but_does_not_count(listener: Whisper) -> None:
    assert listener.surprisal(_SECOND, "the - leaves.") == pytest.approx(-math.log(0.5) / 2)
    assert _Model.asked[1] == ["Ġthe", "Ġleaves", "."]


def test_words_are_put_together_where_merges_are_missing(listener: Whisper) -> None:
    assert listener.surprisal(_SECOND, "tamarin") == pytest.approx(-math.log(0.4 * 0.5))
    assert _Model.asked[1] == ["Ġtam", "arin"]


def test_whole_texts_are_weighed_with_their_punctuation(listener: Whisper) -> None:
    found = listener.log_likelihoods(_SECOND, ["the leaves.", "the ferry"])
    assert found == pytest.approx([math.log(0.5 * 0.001), math.log(0.5 * 0.01)])
    assert listener.log_likelihoods(np.zeros(31 * 16_000, np.float32), ["the"]) is None


def test_what_cannot_be_judged_has_none(listener: Whisper) -> None:
    assert listener.surprisal(_SECOND, "...") is None
    assert listener.surprisal(np.zeros(31 * 16_000, np.float32), "the") is None
    assert listener.surprisal(np.zeros(30 * 16_000, np.float32), "the") is not None
