"""Configs of public Vocos checkpoints: what is taken from them, and what is refused."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from models.errors import CheckpointError, VoxloomError
from models.importers import import_files
from models.mel import MelConfig, mel_filterbank
from models.vocoders.vocos import Vocos, VocosConfig

# As the 22 kHz checkpoints have it that share HiFi-GAN's mels.
CONFIG: dict[str, Any] = {
    "feature_extractor": {
        "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
        "init_args": {
            "sample_rate": 22050,
            "n_fft": 64,
            "hop_length": 16,
            "n_mels": 5,
            "padding": "same",
            "f_min": 0,
            "f_max": 8000,
            "norm": "slaney",
            "mel_scale": "slaney",
        },
    },
    "backbone": {
        "class_path": "vocos.models.VocosBackbone",
        "init_args": {"input_channels": 5, "dim": 4, "intermediate_dim": 6, "num_layers": 1},
    },
    "head": {
        "class_path": "vocos.heads.ISTFTHead",
        "init_args": {"dim": 4, "n_fft": 64, "hop_length": 16, "padding": "same"},
    },
}
MEL = MelConfig(n_fft=64, hop_length=16, win_length=64, n_mels=5, magnitude_epsilon=0.0, floor=1e-7)
NAMES = {
    "embed": "backbone.embed",
    "norm": "backbone.norm",
    "final_norm": "backbone.final_layer_norm",
    "head": "head.out",
    "depthwise": "backbone.convnext.0.dwconv",
    "expand": "backbone.convnext.0.pwconv1",
    "contract": "backbone.convnext.0.pwconv2",
}


def _weights() -> dict[str, torch.Tensor]:
    ours = Vocos(VocosConfig(4, 6, 1, 0, 0), MEL).state_dict()
    found = {"feature_extractor.mel_spec.mel_scale.fb": torch.from_numpy(mel_filterbank(MEL)).T}
    for name, value in ours.items():
        module, _, parameter = name.removeprefix("blocks.0.").rpartition(".")
        if name == "blocks.0.scale":
            found["backbone.convnext.0.gamma"] = value
        elif name.startswith("blocks.0.norm"):
            found[f"backbone.convnext.0.norm.{parameter}"] = value
        else:
            found[f"{NAMES[module]}.{parameter}"] = value
    return found


def _write(tmp_path: Path, config: dict[str, Any], weights: dict[str, Any]) -> Path:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    torch.save(weights, tmp_path / "pytorch_model.bin")
    return tmp_path / "pytorch_model.bin"


def test_mels_of_public_forks_are_taken_over(tmp_path: Path) -> None:
    imported = import_files("vocos", [_write(tmp_path, CONFIG, _weights())])
    assert imported.mel == MEL
    assert imported.model(torch.zeros(1, 5, 7)).shape == (1, 7 * 16)


def test_config_of_a_training_holds_the_parts_deeper(tmp_path: Path) -> None:
    training = {"seed_everything": 1, "model": {"class_path": "x", "init_args": CONFIG}}
    content = {"state_dict": _weights(), "epoch": 3, "hyper_parameters": {}}
    assert import_files("vocos", [_write(tmp_path, training, content)]).mel == MEL


@pytest.mark.parametrize(
    ("part", "changed", "message"),
    [
        ("feature_extractor", {"f_max": 7600}, "mel_scale.fb is not the filterbank"),
        ("feature_extractor", {"power": 2}, "init_args: power: unknown key"),
        (
            "feature_extractor",
            {"hop_length": 128},
            "hop_length: 16, but the part before it has 128",
        ),
        ("backbone", {"dim": 8}, "head.dim: 4, but the part before it has 8"),
        ("backbone", {"adanorm_num_embeddings": 4}, "adaptive norms"),
        ("backbone", {"num_layers": 0}, "must be positive"),
        ("head", {"padding": "center"}, "head.padding: center, but .* same"),
    ],
)
def test_other_networks_are_refused(
    tmp_path: Path, part: str, changed: dict[str, Any], message: str
) -> None:
    config = copy.deepcopy(CONFIG)
    config[part]["init_args"] |= changed
    with pytest.raises(VoxloomError, match=message):
        import_files("vocos", [_write(tmp_path, config, _weights())])


def test_tokens_are_refused(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIG)
    config["feature_extractor"]["class_path"] = "vocos.feature_extractors.EncodecFeatures"
    with pytest.raises(CheckpointError, match="EncodecFeatures cannot be imported"):
        import_files("vocos", [_write(tmp_path, config, _weights())])
