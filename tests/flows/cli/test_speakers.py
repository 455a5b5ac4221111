import dataclasses
import json
from pathlib import Path

import pytest
import torch

from flows.cli.speakers import add
from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.checkpoint import load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.errors import ConfigError
from tests.tiny_voices import SPEAKERS, SYMBOLS, TinyVoices


@pytest.fixture
def model(tmp_path: Path, tiny_voices: TinyVoices) -> str:
    """A checkpoint of an acoustic model with vectors of two numbers."""
    config = FastSpeech2Config(dim=8, hidden_dim=8, predictor_dim=8, speaker_vector_dim=2)
    info = load_checkpoint(tiny_voices.acoustic_model).info
    network = FastSpeech2(config, info.mel, SYMBOLS, SPEAKERS)
    network.speaker_vectors.copy_(torch.eye(2))
    save_checkpoint(
        tmp_path / "voice", network, dataclasses.replace(info, config=as_mapping(config))
    )
    return str(tmp_path / "voice")


def _file(folder: Path, vectors: dict[str, list[float]]) -> Path:
    path = folder / "vectors.json"
    path.write_text(json.dumps(vectors), encoding="utf-8")
    return path


def test_new_speakers_stand_behind_the_known_ones(tmp_path: Path, model: str) -> None:
    add(model, _file(tmp_path, {"zoe": [3, 4], "yan": [0, 2]}), tmp_path / "more")
    checkpoint = load_checkpoint(tmp_path / "more")
    assert checkpoint.speakers == (*SPEAKERS, "zoe", "yan")
    expected = torch.tensor([[1, 0], [0, 1], [0.6, 0.8], [0, 1]])
    torch.testing.assert_close(checkpoint.model.speaker_vectors, expected)


def test_what_cannot_be_added_is_said(tmp_path: Path, model: str, tiny_voices: TinyVoices) -> None:
    target = tmp_path / "more"
    for vectors, message in (
        (
            {"zoe": [1.0, 1.0], "ben": [1.0, 1.0]},
            r"vectors\.json: ben: .* has this speaker already",
        ),
        ({"zoe": [1.0, 1.0, 1.0]}, "vectors of 3 numbers; speaker_vector_dim is 2"),
    ):
        with pytest.raises(ConfigError, match=message):
            add(model, _file(tmp_path, vectors), target)
    with pytest.raises(ConfigError, match="was trained without speaker vectors"):
        add(str(tiny_voices.acoustic_model), _file(tmp_path, {"zoe": [1.0]}), target)
    assert not target.exists()
    with pytest.raises(ConfigError, match="exists already"):
        add(model, _file(tmp_path, {"zoe": [1.0, 1.0]}), Path(model))
