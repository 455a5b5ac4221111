"""The recognizer's recipe: SpecAugment, noise in the recordings, scores, and a warm start."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.phonology.phonemes import phones_of
from models.recognition.recognizer import BLANK, RecognizerConfig
from models.training.corpus import CorpusConfig
from models.training.noisy_speech import NoisyConfig
from models.training.optimizers import OptimizerConfig
from models.training.provenance import Provenance
from models.training.recognizer import MaskConfig, RecognizerTask, RecognizerTraining
from models.training.session import LoopConfig
from tests.models.training.conftest import MEL, TrainingCorpus

UNCHANGED = MaskConfig(band_masks=0, time_masks_per_s=0.0, stretch=0.0)


def _task(corpus: TrainingCorpus, **changed: Any) -> RecognizerTask:
    torch.manual_seed(0)
    given: dict[str, Any] = {
        "recipe": "recognizer",
        "run": Path("unused"),
        "corpus": CorpusConfig(corpus.config.root),
        "loop": LoopConfig(steps=1),
        "optimizer": OptimizerConfig(1e-3),
        "provenance": Provenance("CC0-1.0", ("hums",)),
        "mel": MEL,
        "model": RecognizerConfig(dim=8, hidden_dim=8, num_layers=1),
        "masks": UNCHANGED,
        "frames_per_batch": 300,
    }
    return RecognizerTask(RecognizerTraining(**given | changed), corpus.features)


def test_the_phones_of_the_corpus_are_the_symbols(corpus: TrainingCorpus) -> None:
    task = _task(corpus)
    spoken = {phone for clip in corpus.features.clips for phone in phones_of(clip.phonemes)}
    assert task.symbols == (BLANK, *sorted(spoken))
    assert task.model.symbols == task.symbols


def test_a_batch_holds_mels_and_their_phones(corpus: TrainingCorpus) -> None:
    task = _task(corpus)
    batch = task.batch(0)
    count, n_mels, frames = batch["mel"].shape
    assert (n_mels, frames) == (MEL.n_mels, int(batch["lengths"].max()))
    lines = {" ".join(phones_of(clip.phonemes)) for clip in task.clips}
    for targets, length in zip(batch["targets"], batch["target_lengths"], strict=True):
        assert " ".join(task.symbols[index] for index in targets[:length]) in lines
    assert len(batch["targets"]) == count


def test_masks_hide_bands_and_frames_behind_the_mean(corpus: TrainingCorpus) -> None:
    masks = MaskConfig(band_masks=3, band_width=9, time_masks_per_s=4.0, time_width=7, stretch=0.0)
    task, mel = _task(corpus, masks=masks), corpus.features.mel(corpus.features.clips[0])
    shares = []
    for seed in range(20):
        masked = task._augment(mel, np.random.default_rng(seed))
        hidden = masked != mel
        assert (masked[hidden] == mel.mean()).all()
        bands, frames = hidden.all(axis=0), hidden.all(axis=1)
        assert (hidden == (bands | frames[:, None])).all()
        assert bands.sum() <= 3 * 9
        shares.append(hidden.mean())
    assert min(shares) < max(shares)
    assert 0.1 < np.mean(shares) < 0.9


def test_stretched_in_time_a_mel_keeps_its_ends(corpus: TrainingCorpus) -> None:
    task = _task(corpus, masks=MaskConfig(band_masks=0, time_masks_per_s=0.0, stretch=0.3))
    mel = np.linspace(0, 1, 101, dtype=np.float32)[:, None].repeat(MEL.n_mels, axis=1)
    lengths = set()
    for seed in range(20):
        stretched = task._augment(mel, np.random.default_rng(seed))
        lengths.add(len(stretched))
        expected = np.linspace(0, 1, len(stretched))[:, None]
        np.testing.assert_allclose(stretched, expected.repeat(MEL.n_mels, axis=1), atol=1e-6)
    assert min(lengths) < 85
    assert max(lengths) > 115


def test_without_masks_a_mel_stays_as_it_is(corpus: TrainingCorpus) -> None:
    mel = corpus.features.mel(corpus.features.clips[0])
    assert (_task(corpus)._augment(mel, np.random.default_rng(0)) == mel).all()


def test_noise_is_in_the_recordings_of_a_batch(corpus: TrainingCorpus) -> None:
    clean = _task(corpus).batch(0)
    noisy = _task(corpus, augment=NoisyConfig()).batch(0)
    assert torch.equal(noisy["lengths"], clean["lengths"])
    assert torch.equal(noisy["targets"], clean["targets"])
    assert (noisy["mel"] - clean["mel"]).abs().mean() > 0.1


class _Says(torch.nn.Module):
    """Transcribes held-out clips, in their order, as it is told."""

    def __init__(self, lines: list[list[str]]) -> None:
        super().__init__()
        self.lines, self.weight = iter(lines), torch.nn.Parameter(torch.zeros(1))

    def transcribe(self, mel: Tensor, lengths: Tensor) -> list[list[str]]:
        return [next(self.lines)]


def test_phone_error_rates_are_of_all_clips_and_of_each_corpus(corpus: TrainingCorpus) -> None:
    task = _task(corpus)
    clips = corpus.features.held_out()
    right = [list(phones_of(clip.phonemes)) for clip in clips]
    assert task.evaluate(_Says(right), None, 0) == {
        "phone_error_rate": 0.0,
        "phone_error_rate_anna": 0.0,
        "phone_error_rate_ben": 0.0,
    }
    anna_is_silent = [
        [] if clip.speaker == "anna" else line for clip, line in zip(clips, right, strict=True)
    ]
    rates = task.evaluate(_Says(anna_is_silent), None, 0)
    assert (rates["phone_error_rate_anna"], rates["phone_error_rate_ben"]) == (1.0, 0.0)
    assert 0.3 < rates["phone_error_rate"] < 0.7


def test_a_start_gives_the_phones_it_knows(
    corpus: TrainingCorpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned = _task(corpus)
    with torch.no_grad():
        for weight in learned.model.parameters():
            weight.add_(1.0)
    learned.export(learned.model, tmp_path / "learned", 1, {})
    started, fresh = _task(corpus, start_from=str(tmp_path / "learned")), _task(corpus)
    assert "fresh, all or in part: nothing" in capsys.readouterr().out
    models = (started.model, learned.model, fresh.model)
    for ours, theirs, other in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(ours, theirs, atol=0.01, rtol=0.01)  # kept in half precision
        assert (ours - other).abs().min() > 0.9
