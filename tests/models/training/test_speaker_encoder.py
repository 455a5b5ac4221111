"""The speaker encoder learns to tell hums of unlike pitch apart."""

import re
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
import yaml

from models.checkpoint import load_checkpoint
from models.config import as_mapping
from models.errors import DataError, TrainingError
from models.training.run import train
from models.training.speaker_encoder import is_held_out
from tests.models.training.conftest import MEL, RATE, SENTENCES, hum


def _corpus(folder: Path, num_speakers: int) -> Path:
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for speaker in range(num_speakers):
        for number, text in enumerate(SENTENCES[:5]):
            name = f"s{speaker}-{number}"
            wave = hum(80.0 * 1.25**speaker, seed=10 * speaker + number, duration_s=0.6)
            soundfile.write(folder / "wavs" / f"{name}.wav", wave, RATE)
            lines.append(f"{name}|s{speaker}|{text}|{text}")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _config(folder: Path, corpus: Path, **changed: Any) -> Path:
    config = {
        "recipe": "speaker-encoder",
        "run": str(folder / "run"),
        "cache": str(folder / "cache"),
        "corpus": {"root": str(corpus), "held_out": 0.5},
        "provenance": {"licence": "CC0-1.0", "trained_on": ["hums"]},
        "mel": as_mapping(MEL),
        "model": {"dim": 16, "hidden_dim": 16, "num_layers": 1, "embedding_dim": 8},
        "held_out_speakers": 0.4,
        "crop_frames": 40,
        "optimizer": {"learning_rate": 1e-2, "warmup_steps": 2},
        "loop": {"steps": 30, "log_every": 10, "evaluate_every": 30, "save_every": 30},
        **changed,
    }
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_speakers_that_were_never_heard_are_told_apart(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path / "corpus", num_speakers=8)
    encoder = load_checkpoint(train(_config(tmp_path, corpus)))
    assert encoder.kind == "speaker-encoder"
    assert encoder.info.metrics["equal_error_rate"] < 0.35
    assert encoder.model(torch.randn(1, 40, 30), torch.tensor([30])).shape == (1, 8)


def test_a_run_says_its_precision_and_makes_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = _corpus(tmp_path / "corpus", num_speakers=8)
    best = train(_config(tmp_path, corpus), ["loop.steps=2", "loop.evaluate_every=2"])
    print(lines := capsys.readouterr().out)
    assert re.search(r"^precision: (bf16|no) \(", lines, re.MULTILINE)
    assert load_checkpoint(best).info.step == 2
    with pytest.raises(TrainingError, match=r"warps\[0\] was 0\.88, is 0\.9"):
        train(_config(tmp_path, corpus), ["warps=[0.9, 1.0, 1.1]"])


def test_who_is_held_out_depends_on_the_name_alone() -> None:
    names = [f"speaker-{number}" for number in range(400)]
    held_out = {name for name in names if is_held_out(name, 0.2)}
    assert held_out < {name for name in names if is_held_out(name, 0.4)}
    assert 50 < len(held_out) < 110


def test_too_few_speakers(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path / "corpus", num_speakers=2)
    with pytest.raises(DataError, match="at least two of each are needed"):
        train(_config(tmp_path, corpus))
