"""The recipes as they stand in `configs/train`."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from models.config import as_mapping, load_config, read_yaml
from models.training.run import RECIPES

CONFIGS = Path(__file__).parents[3] / "configs" / "train"


def load(path: Path) -> Any:
    recipe = RECIPES[read_yaml(path)["recipe"]]
    module = importlib.import_module(f"models.training.{recipe.module}")
    return load_config(getattr(module, recipe.config), path)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_fills_its_config(path: Path) -> None:
    config = load(path)
    assert config.loop.steps > 0
    assert config.provenance.licence


def test_every_kind_of_recipe_has_a_config() -> None:
    assert {read_yaml(path)["recipe"] for path in CONFIGS.glob("*.yaml")} == set(RECIPES)


def test_melgan_is_trained_as_published() -> None:
    """ParallelWaveGAN's recipe of MelGAN, number by number."""
    config = load(CONFIGS / "melgan.yaml")
    mel, trim = config.mel, config.corpus.trim
    assert (mel.sample_rate, mel.n_fft, mel.hop_length, mel.n_mels) == (22050, 1024, 256, 80)
    assert (mel.f_min, mel.f_max) == (80, 7600)
    assert (trim.below_loudest_db, trim.frame_length, trim.hop_length) == (60, 2048, 512)
    assert as_mapping(config.model) == {
        "channels": 512,
        "kernel_size": 7,
        "upsample_rates": [8, 8, 2, 2],
        "stack_kernel_size": 3,
        "stacks": 3,
        "slope": 0.2,
        "causal": False,
    }
    assert config.weight_norm
    assert as_mapping(config.critics) == {
        "scales": 3,
        "kernel_sizes": [5, 3],
        "channels": 16,
        "max_channels": 1024,
        "downsample_scales": [4, 4, 4, 4],
        "slope": 0.2,
        "pooling": {"kernel_size": 4, "stride": 2, "padding": 1, "count_include_pad": False},
    }
    assert as_mapping(config.stft) == {
        "fft_sizes": [1024, 2048, 512],
        "hop_lengths": [120, 240, 50],
        "win_lengths": [600, 1200, 240],
    }
    assert (config.loss_weights["feature"], config.loss_weights["adversarial"]) == (25, 4)
    assert (config.batch_size, config.segment_frames * mel.hop_length) == (16, 8192)
    for found, rate, norm in ((config.optimizer, 1e-4, 10), (config.critics_optimizer, 5e-5, 1)):
        assert (found.learning_rate, found.eps, found.max_grad_norm) == (rate, 1e-6, norm)
        assert [found.rate_at(step, 1) / rate for step in (1_999_999, 2_000_000)] == [1, 0.5]
    assert (config.critics_from_step, config.reverse_labels_every) == (100_000, 50)
    loop = config.loop
    assert (loop.steps, loop.save_every, loop.evaluate_every, loop.log_every) == (
        2_000_000, 5_000, 1_000, 100,
    )  # fmt: skip


def test_hifigan_is_trained_as_published() -> None:
    """arXiv 2010.05646, section 3.1 and appendix A.1."""
    config = load(CONFIGS / "hifigan.yaml")
    assert config.loss_weights == {"mel": 45, "adversarial": 1, "feature": 2}
    assert config.segment_frames * config.mel.hop_length == 8192
    for optimizer in (config.optimizer, config.critics_optimizer):
        assert (optimizer.learning_rate, optimizer.betas) == (2e-4, (0.8, 0.99))
        assert optimizer.rate_at(50, 1, steps_per_epoch=50) == pytest.approx(2e-4 * 0.999)
    assert load(CONFIGS / "hifigan-finetune.yaml").optimizer.learning_rate == 5e-5
