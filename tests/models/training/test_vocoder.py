"""What the recipes of all vocoders share: segments, their mels, and how they are judged."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.config import build
from models.mel import LogMel
from models.training.features import Features, prepare_features
from models.training.hifigan import HifiGanTask, HifiGanTraining
from models.training.vocoder import add_weight_norm, without_weight_norm
from models.vocoders.hifigan import HifiGan
from tests.models.training.conftest import MEL, TrainingCorpus
from tests.models.training.test_run import LOOP, RECIPES

CENTRED = dataclasses.replace(MEL, padding="center")


def _task(corpus: TrainingCorpus, features: Features | None = None, **changed: Any) -> HifiGanTask:
    settings = {
        "recipe": "hifigan",
        "run": "unused",
        "corpus": corpus.config,
        "provenance": {"licence": "", "trained_on": []},
        "loop": LOOP,
        **RECIPES["hifigan"],
        **changed,
    }
    return HifiGanTask(build(HifiGanTraining, settings, "test"), features or corpus.features)


def test_segments_are_of_clips_to_train_on_alone(corpus: TrainingCorpus) -> None:
    held_out = {clip.first_sample for clip in corpus.features.held_out()}
    drawn_from = {clip.first_sample for clip in _task(corpus).clips}
    assert held_out
    assert drawn_from
    assert not held_out & drawn_from


def test_a_batch_holds_the_mel_of_its_wave(corpus: TrainingCorpus) -> None:
    batch = _task(corpus).batch(3)
    torch.testing.assert_close(batch["mel"], LogMel(MEL)(batch["wave"]))


def test_segments_are_as_loud_as_asked_and_never_clip(corpus: TrainingCorpus) -> None:
    plain, louder, loudest = (
        _task(corpus, gain_db=[gain_db, gain_db], batch_size=8).batch(0)["wave"]
        for gain_db in (-20.0, -14.0, 60.0)
    )
    torch.testing.assert_close(louder, plain * 10 ** (6 / 20))
    assert loudest.abs().amax(dim=1).tolist() == pytest.approx([0.95] * 8, abs=0.01)


def test_centred_mels_are_cut_where_the_wave_is(corpus: TrainingCorpus, tmp_path: Path) -> None:
    features = prepare_features(corpus.config, CENTRED, tmp_path)
    task = _task(corpus, features, mel=CENTRED, batch_size=4)
    batch = task.batch(0)
    assert batch["mel"].shape == (4, MEL.n_mels, 16)
    own = LogMel(CENTRED)(batch["wave"])[:, :, :16]

    def misfit(first: int) -> float:
        """Of frames 2 to 12 of the segment to as many of the batch."""
        return float((batch["mel"][:, :, first : first + 11] - own[:, :, 2:13]).abs().mean())

    assert misfit(2) < 0.5 * min(misfit(1), misfit(3))


class _Repeats(nn.Module):
    """Says the waves it was given, one a call."""

    def __init__(self, waves: list[np.ndarray]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self._waves: Iterator[np.ndarray] = iter(waves)

    def forward(self, mels: Tensor) -> Tensor:
        return torch.from_numpy(next(self._waves))[None]


class _Board:
    def __init__(self) -> None:
        self.added: list[str] = []

    def add_audio(self, name: str, *_: object) -> None:
        self.added.append(f"audio {name}")

    def add_image(self, name: str, *_: object) -> None:
        self.added.append(f"image {name}")


def test_recordings_themselves_are_at_no_distance(corpus: TrainingCorpus) -> None:
    task, board = _task(corpus), _Board()
    waves = [corpus.features.wave(clip) for clip in corpus.features.held_out()]
    perfect = task.evaluate(_Repeats(waves), board, 0)
    noise = [0.1 * np.random.default_rng(0).standard_normal(len(wave)) for wave in waves]
    wrong = task.evaluate(_Repeats([wave.astype(np.float32) for wave in noise]), board, 0)
    assert perfect.keys() == wrong.keys() >= {"mel_l1", "stft"}
    assert all(perfect[name] == 0.0 < wrong[name] for name in ("mel_l1", "stft"))
    assert board.added == ["audio held_out", "image held_out"] * 2  # of the first clip alone


def test_plain_weights_speak_as_the_normalized_ones(corpus: TrainingCorpus) -> None:
    config = _task(corpus).config.model
    normalized = add_weight_norm(HifiGan(config, MEL)).eval()
    for parameter in normalized.parameters():
        parameter.data.mul_(1.1)
    plain, mels = without_weight_norm(normalized), torch.randn(2, MEL.n_mels, 8)
    assert not any("parametrizations" in name for name in plain.state_dict())
    assert any("parametrizations" in name for name in normalized.state_dict())
    torch.testing.assert_close(plain.eval()(mels), normalized(mels), atol=1e-5, rtol=1e-4)
