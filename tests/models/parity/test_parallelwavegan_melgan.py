"""kan-bayashi/ParallelWaveGAN's MelGAN: its features, generator and multi-scale discriminator."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from models.checkpoint import Checkpoint
from models.importers.parallelwavegan_melgan import mel_config
from models.mel import LogMel
from models.vocoders.discriminators import Discriminators, MelGanDiscriminatorConfig, PoolingConfig
from tests.models.parity.vectors import Vectors, assert_agrees, imported, vectors

FORMAT = "parallelwavegan-melgan"


def _nested(given: Vectors) -> dict[str, object]:
    discriminator = {"discriminators.0.layers.0.1.bias": torch.ones(2)}
    model = {"generator": given.weights, "discriminator": discriminator}
    return {"model": model, "optimizer": {"generator": {}}, "steps": 7, "epochs": 1}


def _import(tmp_path: Path, given: Vectors, suffix: str) -> Checkpoint:
    config = str(given.folder / "config.yml")
    return imported(tmp_path, FORMAT, _nested(given), "--config", config, suffix=suffix)


def test_pwg_logmel_parity() -> None:
    given = vectors("pwg_logmel")
    path = given.folder / "config.yml"
    settings = yaml.safe_load(path.read_text())
    for name, changed in (("logmel", {}), ("logmel_natural", {"log_base": None})):
        mel = mel_config({**settings, **changed}, str(path))
        for wave in (given.inputs["wav"], given.inputs["wav_int16"].float() / 32768):
            ours = LogMel(mel)(wave[None])[0].T  # (1, n_mels, T) -> (T, n_mels)
            assert_agrees(name, ours, given.outputs[name])


@pytest.mark.parametrize("suffix", [".pkl", ".safetensors"])
def test_pwg_melgan_parity(tmp_path: Path, suffix: str) -> None:
    given = vectors("pwg_melgan")
    ours = _import(tmp_path, given, suffix)
    mels, waves = given.inputs["mel"], given.outputs["audio"].squeeze(1)  # (B, 1, S) -> (B, S)
    with torch.inference_mode():
        assert_agrees("audio", ours.model(mels), waves)
        for index in range(len(mels)):
            alone = ours.model(mels[index : index + 1])
            assert_agrees(f"audio {index}", alone, waves[index : index + 1])
        assert_agrees("raw", _speak(ours, given), given.outputs["audio_inference"])


@pytest.mark.parametrize("kind", ["npy", "h5"])
def test_pwg_melgan_parity_with_statistics(tmp_path: Path, kind: str) -> None:
    given = vectors("pwg_melgan")
    mean, scale = given.inputs["stats_mean"].numpy(), given.inputs["stats_scale"].numpy()
    if kind == "npy":
        np.save(tmp_path / "stats.npy", np.stack([mean, scale]))
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(tmp_path / "stats.h5", "w") as file:
            file["mean"], file["scale"] = mean, scale
    ours = _import(tmp_path, given, ".pkl")
    with torch.inference_mode():
        found = _speak(ours, given)
    assert_agrees("normalized", found, given.outputs["audio_inference_normalized"])


def test_pwg_melgan_msd_parity() -> None:
    given = vectors("pwg_melgan_msd")
    settings = yaml.safe_load((given.folder / "config.yml").read_text())["discriminator_params"]
    discriminators = Discriminators(_discriminator_config(settings))
    discriminators.load_state_dict(
        {_discriminator_name(name): value for name, value in given.weights.items()}
    )
    wave = given.inputs["wav"].squeeze(1)  # (B, 1, S) -> (B, S)
    one_by_one = (slice(index, index + 1) for index in range(len(wave)))
    for chosen in (slice(None), *one_by_one):
        with torch.inference_mode():
            verdicts = discriminators(wave[chosen])
        ours = {
            f"scale{scale}_layer{layer}": tensor
            for scale, verdict in enumerate(verdicts)
            for layer, tensor in enumerate([*verdict.features, verdict.score[:, None]])
        }
        assert ours.keys() == given.outputs.keys()
        for name, theirs in given.outputs.items():
            assert_agrees(name, ours[name], theirs[chosen])


def _speak(ours: Checkpoint, given: Vectors) -> Tensor:
    """A raw mel (T, n_mels) to a wave (S, 1), as the public `inference` takes and gives."""
    mel = given.inputs["mel_raw"].T[None]  # (T, n_mels) -> (1, n_mels, T)
    wave: Tensor = ours.model(mel)
    return wave.T  # (1, S) -> (S, 1)


def _discriminator_config(settings: dict[str, object]) -> MelGanDiscriminatorConfig:
    fields = {
        "scales": settings["scales"],
        "kernel_sizes": tuple(settings["kernel_sizes"]),
        "channels": settings["channels"],
        "max_channels": settings["max_downsample_channels"],
        "downsample_scales": tuple(settings["downsample_scales"]),
        "slope": settings["nonlinear_activation_params"]["negative_slope"],
        "pooling": PoolingConfig(**settings["downsample_pooling_params"]),
    }
    return MelGanDiscriminatorConfig(**fields)


def _discriminator_name(theirs: str) -> str:
    """Their `discriminators.1.layers.2.0.weight_g` by our name."""
    _, scale, _, layer, *_, parameter = theirs.split(".")
    parametrized = {"weight_g": "original0", "weight_v": "original1"}
    if parameter in parametrized:
        parameter = f"parametrizations.weight.{parametrized[parameter]}"
    is_score = len(theirs.split(".")) == 5  # the last layer is in no Sequential
    return f"members.{scale}.{'score' if is_score else f'layers.{layer}'}.{parameter}"
