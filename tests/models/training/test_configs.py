"""The recipes as they stand in `configs/train`."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from models.config import load_config, read_yaml
from models.errors import ConfigError
from models.training.run import RECIPES

CONFIGS = Path(__file__).parents[3] / "configs" / "train"


def load(path: Path, overrides: Sequence[str] = ()) -> Any:
    recipe = RECIPES[read_yaml(path)["recipe"]]
    module = importlib.import_module(f"models.training.{recipe.module}")
    return load_config(getattr(module, recipe.config), path, overrides)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_loads_and_an_unknown_key_in_it_is_named(path: Path) -> None:
    assert load(path).provenance.licence
    with pytest.raises(ConfigError, match=r"loop\.step: unknown key.*steps"):
        load(path, ["loop.step=2"])


def test_every_kind_of_recipe_has_a_config() -> None:
    assert {read_yaml(path)["recipe"] for path in CONFIGS.glob("*.yaml")} == set(RECIPES)


@pytest.mark.parametrize(
    ("name", "mel", "message"),
    [
        ("harmonic", "log: db", r"mel\.log: the harmonic vocoder needs ln, found db"),
        ("harmonic", "padding: center", r"mel\.padding: .* needs same, found center"),
        ("vocos", "padding: center", r"mel\.padding: training Vocos needs same"),
        ("recognizer", "log: log10", r"mel\.log: a recognizer, .* needs ln, found log10"),
        ("speaker_encoder", "log: db", r"mel\.log: the speaker encoder needs ln"),
    ],
)
def test_mels_that_a_recipe_cannot_use_are_refused(name: str, mel: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(CONFIGS / f"{name}.yaml", [f"mel={{{mel}}}"])


@pytest.mark.parametrize("name", ["vocos", "hifigan", "melgan", "harmonic"])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ("batch_size=0", "batch_size: at least 1, found 0"),
        ("segment_frames=0", r"segment_frames: at least \d, for FFTs of 2048; found 0"),
        ("segment_frames=2", r"segment_frames: at least \d, .* found 2"),
    ],
)
def test_empty_batches_are_refused(name: str, changed: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(CONFIGS / f"{name}.yaml", [changed])


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("recognizer", "model.dim=0", r"model\.dim: at least 1, found 0"),
        ("recognizer", "model.dropout=1", r"model\.dropout: from 0 up to 1, found 1"),
        (
            "recognizer",
            "masks.band_width=81",
            r"masks\.band_width: at most mel\.n_mels, 80",
        ),
        ("recognizer", "masks.stretch=-1", r"masks\.stretch: from 0 up to 1, found -1"),
        ("recognizer", "frames_per_batch=0", "frames_per_batch: at least 1, found 0"),
        ("recognizer", "augment={gain_db: [3, -3]}", r"augment\.gain_db: lowest first, found 3"),
        ("speaker_encoder", "model.num_layers=0", r"model\.num_layers: at least 1, found 0"),
        ("speaker_encoder", "channel.mask_bands=81", r"channel\.mask_bands: at most mel\.n_mels"),
        ("speaker_encoder", "warps=[]", "warps: one or more above 0"),
        ("fastspeech2", "model.num_heads=0", r"model\.num_heads: at least 1, found 0"),
        ("fastspeech2", "model.hidden_dim=-1", r"model\.hidden_dim: at least 1, found -1"),
        ("tacotron2", "model.prenet_dim=0", r"model\.prenet_dim: at least 1, found 0"),
        ("harmonic", "gain_db=[3, -6]", r"gain_db: lowest first, found 3\.0, -6\.0"),
        ("vocos", "gain_db=[3, -6]", r"gain_db: lowest first, found 3\.0, -6\.0"),
        ("vocos", "discriminators.periods=[2, 0]", r"periods: at least 1, found 0"),
        ("vocos", "discriminators.fft_sizes=[0]", r"fft_sizes: at least 4, found 0"),
        ("hifigan", "discriminators.width=0", r"discriminators\.width: at least 1, found 0"),
        ("hifigan", "model.block_kernels=[3, 7, -1]", r"block_kernels: at least 1, found -1"),
        ("melgan", "discriminators.scales=0", r"discriminators\.scales: at least 1, found 0"),
        ("melgan", "discriminators.pooling.padding=3", r"padding: at most half of kernel_size"),
        ("melgan", "initial_std=-1", "initial_std: at least 0, found -1"),
    ],
)
def test_numbers_that_no_network_or_draw_can_have_are_refused(
    name: str, changed: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load(CONFIGS / f"{name}.yaml", [changed])


def test_spectra_that_cannot_be_are_refused() -> None:
    for changed, message in (
        ("stft.fft_sizes=[256, 256, 256]", "win_lengths: from 1 to the FFT size 256, found 600"),
        ("stft.hop_lengths=[0, 50, 50]", "hop_lengths: at least 1, found 0"),
    ):
        with pytest.raises(ConfigError, match=message):
            load(CONFIGS / "vocos.yaml", [changed])
    for sizes in ("[]", "[2]"):
        with pytest.raises(ConfigError, match="fft_sizes: one or more of at least 4"):
            load(CONFIGS / "harmonic.yaml", [f"fft_sizes={sizes}"])


@pytest.mark.parametrize("key", ["critics", "critics_of", "critics_from_step", "critics_optimizer"])
def test_former_names_of_discriminator_keys_are_told(key: str) -> None:
    now = key.replace("critics", "discriminators")
    with pytest.raises(ConfigError, match=rf"{key}: unknown key \(it is called {now} now\)"):
        load(CONFIGS / "vocos.yaml", [f"{key}=1"])


def test_hifigan_is_trained_as_published() -> None:
    """arXiv 2010.05646, section 3.1 and appendix A.1."""
    config = load(CONFIGS / "hifigan.yaml")
    assert config.loss_weights == {"mel": 45, "adversarial": 1, "feature": 2}
    assert config.segment_frames * config.mel.hop_length == 8192
    for optimizer in (config.optimizer, config.discriminators_optimizer):
        assert (optimizer.learning_rate, optimizer.betas) == (2e-4, (0.8, 0.99))
        assert optimizer.rate_at(50, 1, steps_per_epoch=50) == pytest.approx(2e-4 * 0.999)
    assert load(CONFIGS / "hifigan-finetune.yaml").optimizer.learning_rate == 5e-5
