"""Tacotron 2's recipe: its guidance, its mels, what it leaves in the run's folder."""

import dataclasses
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from torch import Tensor

from models.checkpoint import load_checkpoint
from models.config import as_mapping, build
from models.errors import ConfigError
from models.mel import convert_mels
from models.phonology.phonemes import tokens_of
from models.training.tacotron2 import (
    Tacotron2Task,
    Tacotron2Training,
    Utterance,
    train_tacotron2,
)
from tests.models.training.conftest import MEL, TrainingCorpus
from tests.tiny_voices import save_tiny_voices

TINY = {
    "encoder_dim": 16,
    "attention_rnn_dim": 16,
    "prenet_dim": 16,
    "decoder_rnn_dim": 16,
    "postnet_dim": 16,
    "frames_per_step": 3,
    "max_steps": 10,
}
WITHOUT_EARS = {"recognizer": None, "guidance": "diagonal"}


def _config(folder: Path, corpus: TrainingCorpus, **changed: Any) -> Tacotron2Training:
    settings = {
        "recipe": "tacotron2",
        "run": folder / "run",
        "cache": corpus.cache,
        "corpus": corpus.config,
        "provenance": {"licence": "CC0-1.0", "trained_on": ["hums"]},
        "loop": {"steps": 2, "evaluate_every": 2, "save_every": 2},
        "optimizer": {"learning_rate": 1e-3},
        "mel": as_mapping(MEL),
        "model": TINY,
        "frames_per_batch": 600,
        **changed,
    }
    return build(Tacotron2Training, settings, "test")


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Knows all phones by name and none by sound."""
    return save_tiny_voices(tmp_path_factory.mktemp("ears"), MEL).recognizer


def test_without_a_recognizer_a_diagonal_guides(tmp_path: Path, corpus: TrainingCorpus) -> None:
    config = _config(tmp_path, corpus, **WITHOUT_EARS, plotted_clips=1)
    voice = load_checkpoint(train_tacotron2(config))
    assert list(voice.info.metrics) == ["faulty", "off_diagonal"]
    assert voice.speakers == ("anna", "ben")
    assert voice.symbols[0] == "<pad>"
    assert [p.name for p in (config.run / "attention").iterdir()] == ["step-000002-0.png"]


def test_the_recognizer_hears_mels_in_its_own_scale(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled = dataclasses.replace(MEL, log="db", scaling="symmetric")
    natural = torch.from_numpy(np.array(corpus.features.mels)).float()
    mels = convert_mels(natural.T[None], MEL, scaled)[0].T.half().numpy()
    features = dataclasses.replace(corpus.features, mel_config=scaled, mels=mels)
    ears, result = load_checkpoint(recognizer), []

    def listen(mels: Tensor, lengths: Tensor) -> list[list[str]]:
        result.append(mels)
        return [["a"]] * len(mels)

    monkeypatch.setattr(ears.model, "transcribe", listen)
    config = _config(tmp_path, corpus, mel=as_mapping(scaled), plotted_clips=1)
    task = Tacotron2Task(config, features, _utterances(corpus), ears)
    task.model.config = dataclasses.replace(task.model.config, stop_threshold=1.0)
    metrics = task.evaluate(task.model.eval(), MagicMock(), 0)
    assert list(metrics) == [
        "phone_error_rate",
        "phone_error_rate_anna",
        "phone_error_rate_ben",
        "faulty",
        "off_diagonal",
    ]
    assert -12 < result[0].mean() < -4  # natural logarithms, not within [-4, 4]


def _utterances(corpus: TrainingCorpus) -> list[Utterance]:
    return [Utterance(c, tuple(tokens_of(c.phonemes))) for c in corpus.features.clips]


@pytest.fixture
def task(tmp_path: Path, corpus: TrainingCorpus) -> Tacotron2Task:
    config = _config(tmp_path, corpus, **WITHOUT_EARS)
    return Tacotron2Task(config, corpus.features, _utterances(corpus), None)


def test_batches_depend_on_the_step_alone(task: Tacotron2Task) -> None:
    first, again, other = task.batch(5), task.batch(5), task.batch(6)
    assert torch.equal(first["mels"], again["mels"])
    assert first["mels"].shape != other["mels"].shape or not torch.equal(
        first["mels"], other["mels"]
    )
    steps = -(-int(first["mel_lengths"].max()) // 3)
    assert first["guidance"].shape == (len(first["mels"]), steps, int(first["lengths"].max()))


def test_losses_have_the_weights_names(task: Tacotron2Task) -> None:
    losses = task.losses(task.model, task.batch(0))
    assert losses.keys() == task.loss_weights.keys()
    assert all(loss.isfinite() for loss in losses.values())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"recognizer": None}, "guidance: recognizer needs a recognizer"),
        ({"loss_weights": {"mel": 1.0}}, "names must be mel, mel_post, stop, attention"),
        ({"evaluated_clips": 0}, "evaluated_clips: at least 1, found 0"),
    ],
)
def test_mistakes_in_the_config_are_named(
    tmp_path: Path, corpus: TrainingCorpus, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _config(tmp_path, corpus, **changed)


def test_a_voice_goes_on_from_another(tmp_path: Path, corpus: TrainingCorpus) -> None:
    old = train_tacotron2(_config(tmp_path / "old", corpus, **WITHOUT_EARS))
    still = {"optimizer": {"learning_rate": 1e-9}, **WITHOUT_EARS}
    new = train_tacotron2(_config(tmp_path / "new", corpus, start_from=str(old), **still))
    before, after = (load_checkpoint(folder).model.state_dict() for folder in (old, new))
    for name in ("speaker_embedding.weight", "symbol_embedding.weight", "mel_mean"):
        torch.testing.assert_close(after[name], before[name], atol=1e-4, rtol=0)
    with pytest.raises(ConfigError, match=r"start_from: vocos is a vocos; needed is tacotron2"):
        train_tacotron2(_config(tmp_path / "wrong", corpus, start_from="vocos", **still))
