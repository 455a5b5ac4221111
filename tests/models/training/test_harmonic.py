"""The harmonic vocoder learns, from recordings and an acoustic model's mels, and from a judge."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml

from models.checkpoint import load_checkpoint
from models.config import build
from models.errors import ConfigError, DataError
from models.training.harmonic import ADVERSARIAL_LOSSES, HarmonicTask, HarmonicTraining
from models.training.mels import open_teacher_mels
from models.training.run import train
from tests.models.training.conftest import TrainingCorpus
from tests.models.training.test_run import OPTIMIZER, write_config, write_flat_mels


def test_harmonic_vocoder_hears_an_acoustic_models_mels_for_a_share(
    tmp_path: Path, corpus: TrainingCorpus
) -> None:
    write_flat_mels(tmp_path / "mels", corpus)
    path = write_config(tmp_path, "harmonic", corpus, teacher_mels=[str(tmp_path / "mels")])
    config = build(HarmonicTraining, yaml.safe_load(path.read_text("utf-8")), "train.yaml")
    task = HarmonicTask(config, corpus.features, [open_teacher_mels(tmp_path / "mels")])
    batches = [task.batch(step) for step in range(20)]
    spreads = torch.cat([batch["mel"].std(dim=(1, 2)) for batch in batches])
    assert 0.2 < float((spreads < 1e-3).float().mean()) < 0.6
    assert all(batch["wave"].abs().amax() < 0.96 for batch in batches)


@pytest.mark.parametrize(("segment_frames", "enough"), [(16, True), (35, False)])
def test_held_out_clips_are_longer_than_a_segment(
    tmp_path: Path, corpus: TrainingCorpus, segment_frames: int, enough: bool
) -> None:
    """Words of 34 frames in place of sentences are evaluated on, where segments are shorter."""
    clips = [
        dataclasses.replace(clip, num_frames=34) if clip.held_out else clip
        for clip in corpus.features.clips
    ]
    features = dataclasses.replace(corpus.features, clips=tuple(clips))
    path = write_config(tmp_path, "harmonic", corpus, segment_frames=segment_frames)
    config = build(HarmonicTraining, yaml.safe_load(path.read_text("utf-8")), "train.yaml")
    if not enough:
        with pytest.raises(DataError, match="no held-out clip is longer than 35 frames"):
            HarmonicTask(config, features, [])
        return
    task = HarmonicTask(config, features, [])
    board = SimpleNamespace(add_audio=lambda *_: None, add_image=lambda *_: None)
    assert task.evaluate(task.model, board, 0)["spectrum"] > 0


def test_harmonic_vocoder_learns(tmp_path: Path, corpus: TrainingCorpus) -> None:
    path = write_config(tmp_path, "harmonic", corpus)
    first, last = (
        load_checkpoint(train(path, [f"loop.steps={steps}", f"run={tmp_path / str(steps)}"]))
        for steps in (1, 30)
    )
    for name in ("spectrum", "pitch_cents"):
        assert last.info.metrics[name] < first.info.metrics[name]


def test_harmonic_vocoder_learns_against_discriminators(
    tmp_path: Path, corpus: TrainingCorpus
) -> None:
    against = {
        "discriminators": {"width": 2, "periods": [], "fft_sizes": [256]},
        "discriminators_optimizer": OPTIMIZER,
        "loss_weights": dict.fromkeys(ADVERSARIAL_LOSSES, 1.0),
    }
    path = write_config(tmp_path, "harmonic", corpus, **against)
    plain = write_config(tmp_path / "plain", "harmonic", corpus)
    judged, alone = (
        load_checkpoint(train(config, ["loop.steps=3", f"run={tmp_path / name}"]))
        for name, config in (("judged", path), ("alone", plain))
    )
    pairs = zip(judged.model.parameters(), alone.model.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)
    state = torch.load(tmp_path / "judged" / "state.pt", weights_only=True)
    assert state["modules"]["discriminators"]


def test_discriminators_of_the_harmonic_vocoder_need_an_optimizer(
    tmp_path: Path, corpus: TrainingCorpus
) -> None:
    path = write_config(tmp_path, "harmonic", corpus, discriminators={"width": 2})
    with pytest.raises(ConfigError, match="discriminators_optimizer"):
        train(path)
