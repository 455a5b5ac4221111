"""Vocoders in a table, on the mels of recordings and of an acoustic model."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.checkpoint import load_checkpoint, save_checkpoint
from models.errors import CheckpointError
from models.evaluation.judge import Judge
from models.evaluation.results import Table
from models.evaluation.vocoders import COLUMNS, Fidelity, VocoderRequest, evaluate_vocoders
from models.mel import MelConfig
from models.training.corpus import CorpusConfig
from tests.tiny_voices import TinyVoices, save_tiny_voices


@pytest.fixture
def evaluate(
    tiny_voices: TinyVoices, corpus: Path, tmp_path: Path
) -> Callable[..., tuple[list[Table], list[str]]]:
    """Tables, and what was reported while they were made."""

    def run(
        *checkpoints: Path | str,
        acoustic: Path | None = None,
        opinion: Callable[[np.ndarray, int], float] | None = None,
    ) -> tuple[list[Table], list[str]]:
        request = VocoderRequest(
            corpus=CorpusConfig(root=corpus, folders=("tones",)),
            checkpoints=tuple(map(str, checkpoints)),
            acoustic=None if acoustic is None else str(acoustic),
            recognizer=str(tiny_voices.recognizer),
            count=2,
            cache=tmp_path / "runs/cache",  # as in a fresh clone, it does not exist
        )
        reports: list[str] = []
        judge = Judge(request.recognizer, opinion)
        return evaluate_vocoders(request, judge, reports.append), reports

    return run


def figures(table: Table, key: str) -> list[float]:
    column = next(column for column in COLUMNS if column.key == key)
    return [column.value(row) for row in table.rows]


def test_recordings_are_perfect_and_random_weights_are_not(
    evaluate: Callable, tiny_voices: TinyVoices
) -> None:
    (table,), reports = evaluate(tiny_voices.vocoder)
    assert [row.system for row in table.rows] == [
        "recordings",
        "griffin-lim, 32 iterations",
        "vocoder",
    ]
    for key in ("mel_l1", "mcd_db", "stft"):
        real, baseline, random = figures(table, key)
        assert real == 0 < baseline < random
    assert figures(table, "voicing_error")[0] == figures(table, "f0_cents")[0] == 0
    assert figures(table, "parameters")[1:] == [0, parameters(tiny_voices.vocoder)]
    assert np.isnan(figures(table, "speed")[0])
    assert min(figures(table, "speed")[1:]) > 0
    assert all(len(row.clips) == 2 for row in table.rows)
    assert reports == ["Mels of 2 recordings", *[f"{row.system}: done" for row in table.rows[1:]]]


def parameters(folder: Path) -> int:
    return sum(weight.numel() for weight in load_checkpoint(folder).model.parameters())


def test_acoustic_models_mels_are_a_second_table(
    evaluate: Callable, tiny_voices: TinyVoices
) -> None:
    acoustic = tiny_voices.acoustic_model
    (copied, spoken), _ = evaluate(tiny_voices.vocoder, acoustic=acoustic)
    aligned = len(spoken.rows[0].clips)  # a recognizer of random weights may lose one
    assert aligned in (1, 2)
    assert spoken.title == f"Teacher-forced mels of {aligned} recordings by acoustic"
    assert [row.system for row in spoken.rows] == [row.system for row in copied.rows]
    assert figures(spoken, "mel_l1")[0] == 0
    assert figures(spoken, "mel_l1")[1] > 1.5 * figures(copied, "mel_l1")[1]
    seconds = [clip.seconds for clip in spoken.rows[0].clips]
    assert [clip.seconds for clip in spoken.rows[2].clips] == seconds


def test_vocoders_of_other_mels_are_measured_alike(
    evaluate: Callable, tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    narrow = MelConfig(sample_rate=16000, n_fft=800, win_length=800, hop_length=200, n_mels=40)
    voices = save_tiny_voices(tmp_path / "narrow", narrow)
    decibel = save_in_db(tiny_voices.vocoder, tmp_path / "decibel")
    (copied, spoken), _ = evaluate(voices.vocoder, decibel, acoustic=tiny_voices.acoustic_model)
    assert len(copied.rows[2].clips) == len(copied.rows[3].clips) == 2
    lengths = [[clip.seconds for clip in row.clips] for row in copied.rows]
    assert lengths[2] == pytest.approx(lengths[0], abs=0.02)
    assert spoken.rows[2].clips == ()
    assert "sample_rate 22050 against 16000" in spoken.rows[2].note
    assert len(spoken.rows[3].clips) == len(spoken.rows[0].clips) > 0


def save_in_db(vocoder: Path, folder: Path) -> Path:
    checkpoint = load_checkpoint(vocoder)
    mel = dataclasses.replace(checkpoint.mel, log="db", scaling="symmetric")
    info = dataclasses.replace(checkpoint.info, mel=mel)
    save_checkpoint(folder, checkpoint.model, info)
    return folder


def test_opinions_are_asked_for_every_clip(evaluate: Callable) -> None:
    (table,), _ = evaluate("griffin-lim", opinion=lambda wave, rate: len(wave) / rate)
    clips: list[Fidelity] = [clip for row in table.rows for clip in row.clips]
    assert [clip.mos for clip in clips] == [clip.seconds for clip in clips]
    (table,), _ = evaluate("griffin-lim")
    assert np.isnan(figures(table, "mos")).all()


def test_other_kinds_are_refused_before_work(evaluate: Callable, tiny_voices: TinyVoices) -> None:
    with pytest.raises(CheckpointError, match=r"--checkpoints: .* is a recognizer; needed is"):
        evaluate(tiny_voices.recognizer)
    with pytest.raises(CheckpointError, match=r"--acoustic: .* is a vocos; needed is"):
        evaluate("griffin-lim", acoustic=tiny_voices.vocoder)
