"""Acoustic models in a table, spoken from text through one vocoder."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.acoustic.tacotron2 import Tacotron2, Tacotron2Config
from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.errors import CheckpointError, DataError
from models.evaluation.acoustic import (
    COLUMNS,
    AcousticRequest,
    common_speakers,
    evaluate_acoustic,
)
from models.evaluation.judge import Judge
from models.evaluation.results import Table
from models.mel import MelConfig
from models.training.corpus import CorpusConfig
from tests.tiny_voices import SYMBOLS, TinyVoices, save_tiny_voices


@pytest.fixture
def evaluate(tiny_voices: TinyVoices, corpus: Path) -> Callable[..., Table]:
    def run(*checkpoints: Path, **more: Any) -> Table:
        request = AcousticRequest(
            corpus=CorpusConfig(root=corpus, folders=("tones",)),
            checkpoints=tuple(map(str, checkpoints)),
            vocoder=str(tiny_voices.vocoder),
            recognizer=str(tiny_voices.recognizer),
            **{"count": 2, **more},
        )
        return evaluate_acoustic(request, Judge(request.recognizer), lambda message: None)[0]

    return run


def save_tacotron(folder: Path, speakers: tuple[str, ...] = (), **config: Any) -> Path:
    """One that says a few steps of noise."""
    torch.manual_seed(0)
    small = {"encoder_dim": 16, "attention_rnn_dim": 16, "attention_dim": 8, "prenet_dim": 8}
    sizes = Tacotron2Config(**small, decoder_rnn_dim=16, postnet_dim=8, **config)
    info = CheckpointInfo("tacotron2", as_mapping(sizes), MelConfig(), SYMBOLS, speakers)
    model = Tacotron2(sizes, MelConfig(), SYMBOLS, speakers)
    model.mel_mean.fill_(-5.0)
    save_checkpoint(folder, model, info)
    return folder


def figures(table: Table, key: str) -> list[float]:
    column = next(column for column in COLUMNS if column.key == key)
    return [column.value(row) for row in table.rows]


def test_models_are_measured_against_the_recordings(
    evaluate: Callable, tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    tacotron = save_tacotron(tmp_path / "tacotron", max_steps=30, stop_threshold=1.0)
    table = evaluate(tiny_voices.acoustic_model, tacotron)
    assert [row.system for row in table.rows] == [
        "recordings",
        "recordings, vocoder",
        "acoustic",
        "tacotron",
    ]
    assert [row.is_reference for row in table.rows] == [True, True, False, False]
    assert figures(table, "mcd_dtw_db")[0] == pytest.approx(0, abs=1e-5)
    assert min(figures(table, "mcd_dtw_db")[1:]) > 1
    assert figures(table, "f0_off")[0] == 0
    assert figures(table, "length")[:2] == pytest.approx([1, 1])
    assert figures(table, "length")[2] > 1  # five frames a phone, against 0.8 s a sentence
    assert np.isnan(figures(table, "faulty")[:3]).all()
    assert 0 <= figures(table, "faulty")[3] <= 1
    assert min(figures(table, "speed")[2:]) > 0
    assert table.rows[3].note == "its voice has no name: compared with all readers"


def test_speech_of_one_frame_is_still_measured(evaluate: Callable, tmp_path: Path) -> None:
    table = evaluate(
        save_tacotron(tmp_path / "mute", max_steps=1, frames_per_step=1, stop_threshold=1e-6)
    )
    assert len(table.rows[2].clips) == 2
    assert figures(table, "faulty")[2] == 1
    assert "ended early" in table.rows[2].clips[0].faults


def test_what_cannot_be_spoken_has_a_row_that_says_why(
    evaluate: Callable, tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    narrow = save_tiny_voices(tmp_path / "narrow", MelConfig(n_mels=40)).acoustic_model
    broken = _spoil(tiny_voices.acoustic_model, tmp_path / "broken")
    table = evaluate(narrow, broken)
    assert table.rows[2].clips == table.rows[3].clips == ()
    assert "n_mels 40 against 80" in table.rows[2].note
    assert table.rows[3].note == "its waveform is not finite"


def _spoil(acoustic: Path, folder: Path) -> Path:
    checkpoint = load_checkpoint(acoustic)
    checkpoint.model.mel_mean.fill_(np.nan)
    save_checkpoint(folder, checkpoint.model, dataclasses.replace(checkpoint.info))
    return folder


def test_sentences_are_of_speakers_that_all_have(tiny_voices: TinyVoices, tmp_path: Path) -> None:
    anna = save_tacotron(tmp_path / "anna", ("anna", "carl"))
    dora = save_tacotron(tmp_path / "dora", ("dora",))
    unnamed = save_tacotron(tmp_path / "unnamed")
    both = str(tiny_voices.acoustic_model)
    assert common_speakers([both, str(anna), str(unnamed)]) == {"anna"}
    assert common_speakers([str(unnamed)]) is None
    with pytest.raises(CheckpointError, match="no speaker is in all of"):
        common_speakers([both, str(dora)])
    with pytest.raises(CheckpointError, match="--checkpoints: griffin-lim is a griffin-lim"):
        common_speakers(["griffin-lim"])


def test_too_few_sentences_of_them_is_an_error(evaluate: Callable, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 held-out sentences of dora"):
        evaluate(save_tacotron(tmp_path / "dora", ("dora",)))
