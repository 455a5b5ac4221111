"""MelNet's recipe on a corpus of hums: tier after tier, stopped and resumed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from models.checkpoint import load_checkpoint
from models.config import as_mapping
from models.errors import ConfigError, DataError
from models.mel import convert_mels
from models.melnet.tiers import interleave
from models.training.melnet import UNIT_MEL, MelNetTraining, TierTask
from models.training.run import train
from tests.models.training.conftest import MEL, TrainingCorpus


def _config(folder: Path, corpus: TrainingCorpus, **changed: Any) -> Path:
    mel = as_mapping(MEL) | {"log": "db", "scaling": "unit", "ref_level_db": 0.0}
    config = {
        "recipe": "melnet",
        "run": str(folder / "run"),
        "cache": str(corpus.cache),
        "corpus": {"root": str(corpus.config.root), "held_out": corpus.config.held_out},
        "provenance": {"licence": "CC0-1.0", "trained_on": ["hums"]},
        "mel": mel,
        "model": {"layers": [3, 2, 2], "hidden_dim": 4, "mixtures": 2, "data": "hums"},
        "plans": [{"batch_size": 2, "segment_frames": 16}] * 3,
        "optimizer": {"learning_rate": 0.01},
        "loop": {"steps": 4, "log_every": 1, "evaluate_every": 2, "save_every": 2},
        **changed,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_all_tiers_make_a_checkpoint(tmp_path: Path, corpus: TrainingCorpus) -> None:
    best = train(_config(tmp_path, corpus), ["loop.steps=2"])
    checkpoint = load_checkpoint(best)
    assert checkpoint.kind == "melnet"
    assert checkpoint.model.config.name == "dhums_t3_l3.2.2_hd4_gmm2"
    assert set(checkpoint.info.metrics) == {
        f"{name}_tier{tier}" for name in ("nll", "band_gaussian_nll") for tier in (1, 2, 3)
    }
    assert (checkpoint.info.licence, checkpoint.info.trained_on) == ("CC0-1.0", ("hums",))
    for tier, shape in ((1, (MEL.n_mels // 2, 8)), (2, (MEL.n_mels, 8)), (3, (MEL.n_mels, 16))):
        samples = tmp_path / "run" / f"tier{tier}" / "samples"
        assert np.load(samples / "step000002.npy").shape == (2, *shape)
        assert (samples / "step000002-1.png").is_file()


def test_one_tier_at_a_time(
    tmp_path: Path, corpus: TrainingCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _config(tmp_path, corpus)
    assert train(path, ["only=[2]", "loop.steps=2"]) == tmp_path / "run"
    assert "still to be trained are tiers 1, 3" in capsys.readouterr().out
    assert train(path, ["only=[1, 3]", "loop.steps=2"]) == tmp_path / "run" / "best"


def test_a_tier_goes_on_where_it_was_stopped(
    tmp_path: Path, corpus: TrainingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ["only=[1]", "loop.steps=3"]
    train(_config(tmp_path / "straight", corpus), whole)
    halting = _config(tmp_path / "halting", corpus)
    make_batch = TierTask.batch

    def killed_after_two(task: TierTask, step: int) -> Any:
        if step == 2:
            raise KeyboardInterrupt
        return make_batch(task, step)

    with monkeypatch.context() as patched:
        patched.setattr(TierTask, "batch", killed_after_two)
        with pytest.raises(KeyboardInterrupt):
            train(halting, whole)
    train(halting, whole)
    straight, resumed = (
        torch.load(tmp_path / name / "run/tier1/state.pt", weights_only=True)["modules"]["model"]
        for name in ("straight", "halting")
    )
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_a_batch_is_the_tier_s_cut_of_the_step_s_segments(
    tmp_path: Path, corpus: TrainingCorpus
) -> None:
    from models.config import load_config

    config = load_config(MelNetTraining, _config(tmp_path, corpus))
    task = TierTask(config, corpus.features, 3)
    batch = task.batch(5)
    whole = interleave(batch["target"], batch["coarse"], 3)
    assert whole.shape == (2, MEL.n_mels, 16)
    assert 0 <= whole.min() <= whole.max() <= 1
    assert torch.equal(batch["target"], task.batch(5)["target"])
    assert not torch.equal(batch["target"], task.batch(6)["target"])
    assert TierTask(config, corpus.features, 1).batch(5)["coarse"] is None
    back = convert_mels(whole, config.mel, corpus.features.mel_config)
    assert corpus.features.mels.min() - 0.1 <= back.min()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mel": as_mapping(MEL)}, r"mel\.scaling: MelNet draws unit values, not none"),
        ({"plans": [{"batch_size": 2, "segment_frames": 16}]}, "plans: 3 tiers need as many"),
        ({"plans": [{"batch_size": 2, "segment_frames": 15}] * 3}, "must be a multiple of 2"),
        ({"only": [4]}, "only: tiers are 1 to 3, found 4"),
        ({"loss_weights": {"mel": 1.0}}, "loss_weights: names must be nll"),
    ],
)
def test_mistakes_in_the_config_stop_at_once(
    tmp_path: Path, corpus: TrainingCorpus, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train(_config(tmp_path, corpus, **changed))
    assert not (tmp_path / "run").exists()


def test_segments_that_no_clip_can_fill(tmp_path: Path, corpus: TrainingCorpus) -> None:
    plans = [{"batch_size": 2, "segment_frames": 20_000}] * 3
    with pytest.raises(DataError, match="tier 1: no clip to train on has 20000 frames"):
        train(_config(tmp_path, corpus, plans=plans))


def test_the_default_scale_is_whole_decibels() -> None:
    assert UNIT_MEL.silence == 0.0
