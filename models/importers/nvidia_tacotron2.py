"""NVIDIA/tacotron2: `tacotron2_statedict.pt`, or a training's `checkpoint_N`.

The public project keeps its settings in Python, so sizes are read off the tensors; a JSON or
YAML file with the fields of its `create_hparams()` gives the rest where it differs.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from models.acoustic.tacotron2 import Tacotron2, Tacotron2Config
from models.errors import ConfigError
from models.importers import Imported
from models.importers.files import ForeignFile, fill, only, raise_unless_empty, tensors_at
from models.importers.settings import known, read_settings
from models.mel import MelConfig
from models.phonology.alphabets import PUBLIC_ENGLISH

# Ours to theirs, by the beginning of the name.
_NAMES = {
    "symbol_embedding.": "embedding.",
    "decoder.attention.query.": "decoder.attention_layer.query_layer.linear_layer.",
    "decoder.attention.key.": "decoder.attention_layer.memory_layer.linear_layer.",
    "decoder.attention.score.": "decoder.attention_layer.v.linear_layer.",
    "decoder.attention.location_conv.": (
        "decoder.attention_layer.location_layer.location_conv.conv."
    ),
    "decoder.attention.location.": (
        "decoder.attention_layer.location_layer.location_dense.linear_layer."
    ),
    "decoder.to_frames.": "decoder.linear_projection.linear_layer.",
    "decoder.to_stop.": "decoder.gate_layer.linear_layer.",
}

# Fields that only Tacotron 2 has; a config without any is of another project.
_ITS_OWN = {"filter_length", "gate_threshold", "max_decoder_steps", "p_attention_dropout"}


@dataclass(frozen=True)
class _Settings:
    """The fields of `create_hparams()` that the tensors do not tell, with its defaults."""

    sampling_rate: int = 22050
    filter_length: int = 1024
    hop_length: int = 256
    win_length: int = 1024
    n_mel_channels: int = 80
    mel_fmin: float = 0.0
    mel_fmax: float | None = 8000.0
    gate_threshold: float = 0.5
    max_decoder_steps: int = 1000
    p_attention_dropout: float = 0.1


def convert(files: Sequence[ForeignFile], config: Path | None) -> Imported:
    """Characters to mels, without speakers. The pre-net's dropout stays on, as there."""
    file = only(files)
    settings = _Settings() if config is None else _read(config)
    weights = tensors_at(file, "state_dict")
    n_mels = _size(weights, "postnet.convolutions.0.0.conv.weight", 1, file.path)
    mel = dataclasses.replace(_mel(settings), n_mels=n_mels)
    sizes = _sizes(weights, settings, mel.n_mels, file.path)
    symbols, notes = _symbols(_size(weights, "embedding.weight", 0, file.path))
    model = Tacotron2(sizes, mel, symbols)
    names = {ours: _name(ours) for ours in model.state_dict() if not ours.startswith("mel_")}
    counters = {ours for ours in names if ours.endswith("num_batches_tracked")}
    for ours in counters:  # unknown to old versions of torch
        if names[ours] not in weights:
            del names[ours]
    fill(model, weights, names, file.path)
    step = file.content.get("iteration")
    return Imported(
        kind="tacotron2",
        model=model,
        config=sizes,
        mel=mel,
        symbols=symbols,
        alphabet="characters",
        step=step if isinstance(step, int) else 0,
        notes=notes,
    )


def mel_config(path: Path) -> MelConfig:
    """The mel that a file with the fields of `create_hparams()` describes."""
    return _mel(_read(path))


def _read(path: Path) -> _Settings:
    """The fields of `create_hparams()`, of which a file may have a few."""
    mapping = read_settings(path)
    if not _ITS_OWN & mapping.keys():
        raise ConfigError(f"{path}: has none of {', '.join(sorted(_ITS_OWN))}: not Tacotron 2's")
    return known(_Settings, mapping, str(path))


def _sizes(
    weights: Mapping[str, Tensor], settings: _Settings, n_mels: int, path: Path
) -> Tacotron2Config:
    def size(name: str, axis: int) -> int:
        return _size(weights, name, axis, path)

    attention = "decoder.attention_layer"
    location = f"{attention}.location_layer.location_conv.conv.weight"
    try:
        return Tacotron2Config(
            encoder_dim=size("embedding.weight", 1),
            encoder_layers=_count(weights, "encoder.convolutions"),
            encoder_kernel=size("encoder.convolutions.0.0.conv.weight", 2),
            attention_rnn_dim=size("decoder.attention_rnn.weight_hh", 1),
            attention_dim=size(f"{attention}.query_layer.linear_layer.weight", 0),
            location_filters=size(location, 0),
            location_kernel=size(location, 2),
            prenet_dim=size("decoder.prenet.layers.0.linear_layer.weight", 0),
            decoder_rnn_dim=size("decoder.decoder_rnn.weight_hh", 1),
            postnet_dim=size("postnet.convolutions.0.0.conv.weight", 0),
            postnet_layers=_count(weights, "postnet.convolutions"),
            postnet_kernel=size("postnet.convolutions.0.0.conv.weight", 2),
            frames_per_step=max(
                1, size("decoder.linear_projection.linear_layer.bias", 0) // n_mels
            ),
            rnn_dropout=settings.p_attention_dropout,
            mask_convolutions=False,
            prenet_dropout_at_inference=True,
            stop_threshold=settings.gate_threshold,
            max_steps=settings.max_decoder_steps,
        )
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _mel(settings: _Settings) -> MelConfig:
    """`TacotronSTFT`: padded at both ends, magnitudes, natural logarithm."""
    try:
        return MelConfig(
            sample_rate=settings.sampling_rate,
            n_fft=settings.filter_length,
            hop_length=settings.hop_length,
            win_length=settings.win_length,
            n_mels=settings.n_mel_channels,
            f_min=settings.mel_fmin,
            f_max=settings.mel_fmax,
            padding="center",
            magnitude_epsilon=0.0,
        )
    except ValueError as error:
        raise ConfigError(f"tacotron2's settings: {error}") from None


def _symbols(rows: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The public table cut to the embedding's rows, and what to say where it is too short."""
    if rows <= len(PUBLIC_ENGLISH):
        return PUBLIC_ENGLISH[:rows], ()
    unnamed = tuple(f"<{index}>" for index in range(len(PUBLIC_ENGLISH), rows))
    note = (
        f"symbols from {len(PUBLIC_ENGLISH)} on are not in the public table: they have no name here"
    )
    return (*PUBLIC_ENGLISH, *unnamed), (note,)


def _size(weights: Mapping[str, Tensor], name: str, axis: int, path: Path) -> int:
    if name not in weights or weights[name].ndim <= axis:
        raise_unless_empty(path, [f"{name} missing" if name not in weights else f"{name} too flat"])
    return weights[name].shape[axis]


def _count(weights: Mapping[str, Tensor], parent: str) -> int:
    """How many numbered layers lie at `parent`."""
    prefix = f"{parent}."
    return len({n.removeprefix(prefix).split(".")[0] for n in weights if n.startswith(prefix)})


def _name(ours: str) -> str:
    """Our `encoder.convolutions.0.norm.bias` is their `encoder.convolutions.0.1.bias`."""
    for start, theirs in _NAMES.items():
        if ours.startswith(start):
            return theirs + ours.removeprefix(start)
    if ".convolutions." in ours:
        return ours.replace(".conv.", ".0.conv.").replace(".norm.", ".1.")
    if ours.startswith("decoder.prenet."):
        return ours.replace(".weight", ".linear_layer.weight")
    if ours.startswith("decoder.decoder_rnn."):
        return ours.removesuffix("_l0")
    return ours
