"""Voices of datasets and corpora, counted as equals."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.errors import CheckpointError, DataError
from pipeline.probe.diversity import diversity

ENCODER = "speaker-encoder"


def _corpus(folder: Path, pitches_hz: list[float]) -> Path:
    """Three clips of each pitch, a speaker a pitch."""
    (folder / "wavs").mkdir(parents=True)
    lines, times_s = [], np.arange(16000) / 16000
    for speaker, pitch_hz in enumerate(pitches_hz):
        for take in range(3):
            rng = np.random.default_rng(take)
            harmonics = sum(np.sin(2 * np.pi * k * pitch_hz * times_s) / k for k in range(1, 12))
            wave = 0.1 * harmonics * (1 + np.sin(2 * np.pi * 3 * times_s + take))
            name = f"{speaker}-{take}"
            soundfile.write(
                folder / "wavs" / f"{name}.wav", wave + 1e-3 * rng.normal(size=16000), 16000
            )
            lines.append(f"{name}|speaker {speaker}|one|one")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_unlike_voices_spread_further_than_one_voice_by_many_names(tmp_path: Path) -> None:
    unlike = _corpus(tmp_path / "unlike", [90.0, 180.0, 350.0])
    alike = _corpus(tmp_path / "alike", [150.0, 151.0, 152.0, 153.0])
    found = diversity([unlike, alike], ENCODER, num_clips=100)
    assert (found[unlike].speakers, found[unlike].clips) == (3, 9)
    assert (found[alike].speakers, found[alike].clips) == (3, 9)
    assert found[unlike].between_speakers > 3 * found[alike].between_speakers
    assert found[unlike].effective_speakers > found[alike].effective_speakers
    assert diversity([unlike, alike], ENCODER, num_clips=100) == found


def test_a_dataset_beside_a_corpus(tmp_path: Path, sealed_tones: Callable[[int], Path]) -> None:
    dataset = sealed_tones(12)
    corpus = _corpus(tmp_path / "unlike", [90.0, 180.0])
    found = diversity([dataset, corpus], ENCODER, num_clips=20)
    assert found[dataset].speakers == found[corpus].speakers == 2


def test_one_voice_cannot_differ(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="alone: 1 speakers with two clips or more; two are needed"):
        diversity([_corpus(tmp_path / "alone", [100.0])], ENCODER, num_clips=20)


def test_another_model_is_no_speaker_encoder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="--encoder: vocos is a vocos"):
        diversity([tmp_path], "vocos", num_clips=20)
