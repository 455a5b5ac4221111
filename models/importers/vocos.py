"""gemelo-ai/vocos: `pytorch_model.bin` beside `config.yaml`, or a training's .ckpt."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from models.config import build
from models.errors import CheckpointError, ConfigError
from models.importers import Imported
from models.importers.files import ForeignFile, fill, only, tensors_at
from models.importers.settings import find_settings, known, read_settings
from models.mel import MelConfig, mel_filterbank
from models.vocoders.vocos import Vocos, VocosConfig

# Buffers that our model computes, and the discriminators of a training.
_LEFT_OVER = (
    "feature_extractor.",
    "head.istft.",
    "multiperioddisc.",
    "multiresddisc.",
    "melspec_loss.",
)
_BLOCK = {
    "depthwise": "dwconv",
    "norm": "norm",
    "expand": "pwconv1",
    "contract": "pwconv2",
    "scale": "gamma",
}


@dataclass(frozen=True)
class _Features:
    """`MelSpectrogramFeatures`, with its defaults; the last four are those of public forks."""

    sample_rate: int = 24000
    n_fft: int = 1024
    hop_length: int = 256
    n_mels: int = 100
    padding: Literal["center", "same"] = "center"
    f_min: float = 0.0
    f_max: float | None = None
    norm: Literal["slaney"] | None = None
    mel_scale: Literal["slaney", "htk"] = "htk"


@dataclass(frozen=True)
class _Backbone:
    """`VocosBackbone`."""

    input_channels: int
    dim: int
    intermediate_dim: int
    num_layers: int
    layer_scale_init_value: float | None = None  # the weights hold what became of it
    adanorm_num_embeddings: int | None = None


@dataclass(frozen=True)
class _Head:
    """`ISTFTHead`."""

    dim: int
    n_fft: int
    hop_length: int
    padding: Literal["center", "same"] = "same"


def convert(files: Sequence[ForeignFile], config: Path | None) -> Imported:
    """Vocos on mels; the one on Encodec tokens is refused."""
    file = only(files)
    path = find_settings(file.path, config, "config.yaml", "config.yml")
    features, backbone, head = _read_parts(path)
    _check_parts(features, backbone, head, str(path))
    mel = _mel(features, str(path))
    sizes = _sizes(backbone, str(path))
    model = Vocos(sizes, mel)
    weights = tensors_at(file, "state_dict")
    _check_filters(weights, mel, file.path)
    fill(model, weights, {ours: _name(ours) for ours in model.state_dict()}, file.path, _LEFT_OVER)
    return Imported("vocos", model, sizes, mel)


def _sizes(backbone: _Backbone, where: str) -> VocosConfig:
    sizes = {
        "dim": backbone.dim,
        "hidden_dim": backbone.intermediate_dim,
        "num_layers": backbone.num_layers,
        "mel_rounds": 0,
        "phase_iterations": 0,
    }
    return build(VocosConfig, sizes, f"{where}: backbone")


def _read_parts(path: Path) -> tuple[_Features, _Backbone, _Head]:
    settings: Any = read_settings(path)
    model = settings.get("model")  # a training's config holds the parts one level down
    if isinstance(model, Mapping) and isinstance(model.get("init_args"), Mapping):
        settings = model["init_args"]
    return (
        _part(_Features, settings, "feature_extractor", "MelSpectrogramFeatures", path),
        _part(_Backbone, settings, "backbone", "VocosBackbone", path),
        _part(_Head, settings, "head", "ISTFTHead", path),
    )


def _part(cls: type, settings: Mapping[str, Any], key: str, wanted: str, path: Path) -> Any:
    part = settings.get(key)
    if not isinstance(part, Mapping) or "class_path" not in part:
        raise ConfigError(f"{path}: {key}: missing, or without class_path")
    found = str(part["class_path"]).rpartition(".")[2]
    if found != wanted:
        raise CheckpointError(f"{path}: {key}: {found} cannot be imported; only {wanted} can")
    return build(cls, part.get("init_args") or {}, f"{path}: {key}.init_args")


def _check_parts(features: _Features, backbone: _Backbone, head: _Head, where: str) -> None:
    if backbone.adanorm_num_embeddings:
        raise CheckpointError(f"{where}: backbone: adaptive norms (Encodec) cannot be imported")
    for name, one, other in (
        ("backbone.input_channels", backbone.input_channels, features.n_mels),
        ("head.dim", head.dim, backbone.dim),
        ("head.n_fft", head.n_fft, features.n_fft),
        ("head.hop_length", head.hop_length, features.hop_length),
        ("head.padding", head.padding, features.padding),
    ):
        if one != other:
            raise CheckpointError(f"{where}: {name}: {one}, but the part before it has {other}")


def _mel(features: _Features, where: str) -> MelConfig:
    """torchaudio's MelSpectrogram with power 1, then the natural logarithm."""
    mel = {
        **dataclasses.asdict(features),
        "win_length": features.n_fft,
        "mel_norm": features.norm or "none",
        "magnitude_epsilon": 0.0,
        "floor": 1e-7,
    }
    return known(MelConfig, mel, f"{where}: feature_extractor")


def _check_filters(weights: Mapping[str, Tensor], mel: MelConfig, path: Path) -> None:
    """The mel filters that the file carries must be those that the config describes."""
    theirs = weights.get("feature_extractor.mel_spec.mel_scale.fb")  # (F, n_mels)
    if theirs is None:
        return
    ours = torch.from_numpy(mel_filterbank(mel)).T
    tolerance = 1e-3 * float(ours.max())
    if ours.shape != theirs.shape or not torch.allclose(ours, theirs.float(), atol=tolerance):
        raise CheckpointError(
            f"{path}: feature_extractor.mel_spec.mel_scale.fb is not the filterbank of the config"
        )


def _name(ours: str) -> str:
    """Our `blocks.0.expand.weight` is their `backbone.convnext.0.pwconv1.weight`."""
    first, _, rest = ours.partition(".")
    if first == "blocks":
        index, layer, *parameter = rest.split(".")
        return ".".join(["backbone.convnext", index, _BLOCK[layer], *parameter])
    if first == "head":
        return f"head.out.{rest}"
    return f"backbone.{'final_layer_norm' if first == 'final_norm' else first}.{rest}"
