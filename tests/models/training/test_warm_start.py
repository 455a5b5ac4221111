from pathlib import Path

import pytest
import torch
from torch import nn

from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.acoustic.tacotron2 import Tacotron2, Tacotron2Config
from models.checkpoint import CheckpointInfo, save_checkpoint
from models.config import as_mapping
from models.errors import ConfigError
from models.mel import MelConfig
from models.training.warm_start import Rows, load_start, start_voice, warm_start
from tests.models.training.conftest import MEL


class Net(nn.Module):
    def __init__(self, rows: int, width: int, value: float) -> None:
        super().__init__()
        self.table = nn.Embedding(rows, 2)
        self.line = nn.Linear(2, width)
        for parameter in self.parameters():
            nn.init.constant_(parameter, value)


def test_what_fits_is_taken_and_rows_go_by_name() -> None:
    old, new = Net(2, 3, 0.0), Net(3, 3, 9.0)
    with torch.no_grad():
        old.table.weight.copy_(torch.tensor([[1.0, 1.0], [2.0, 2.0]]))
    rows = {"table.weight": Rows(("b", "c", "a"), ("a", "b"))}
    assert warm_start(new, old, rows) == ("table.weight",)
    assert new.table.weight[:, 0].tolist() == [2.0, 9.0, 1.0]
    assert not new.line.weight.any()
    assert not new.line.bias.any()


def test_what_does_not_fit_stays_fresh_and_is_named() -> None:
    old, new = Net(2, 4, 0.0), Net(2, 3, 9.0)
    assert set(warm_start(new, old, {})) == {"line.weight", "line.bias"}
    assert new.line.weight.eq(9.0).all()
    assert not new.table.weight.any()


@pytest.mark.parametrize("kind", ["fastspeech2", "tacotron2"])
def test_a_voice_of_another_width_takes_what_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    if kind == "fastspeech2":
        narrow, wide = (FastSpeech2Config(dim=dim, predictor_dim=8) for dim in (16, 32))
    else:
        narrow, wide = (Tacotron2Config(encoder_dim=dim, postnet_dim=8) for dim in (16, 32))
    make = FastSpeech2 if kind == "fastspeech2" else Tacotron2
    old, new = (make(config, MEL, ("<pad>", "a"), ("anna",)) for config in (narrow, wide))
    info = CheckpointInfo(kind, as_mapping(narrow), MEL, old.symbols, old.speakers)
    old.mel_mean.fill_(-3.0)
    save_checkpoint(tmp_path / "old", old, info)
    before = new.speaker_embedding.weight.clone()
    start_voice(str(tmp_path / "old"), kind, new)
    assert torch.equal(new.speaker_embedding.weight, before)
    assert new.mel_mean.eq(-3.0).all()
    assert "speaker_embedding.weight" in capsys.readouterr().out


def test_other_kinds_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"start_from: recognizer is a recognizer; needed is fas"):
        load_start("recognizer", "fastspeech2", MelConfig())
