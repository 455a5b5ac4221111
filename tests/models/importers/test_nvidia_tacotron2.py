"""NVIDIA/tacotron2's names and shapes, its settings, and what is said of wrong ones."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.acoustic.tacotron2 import Tacotron2
from models.errors import ConfigError, VoxloomError
from models.importers import Imported, import_files
from models.importers.nvidia_tacotron2 import mel_config
from models.phonology.alphabets import PUBLIC_ENGLISH

SYMBOLS, MELS, ENCODER, ATTENTION, DECODER = 148, 20, 8, 12, 10


def _lstm(name: str, inputs: int, hidden: int, suffix: str = "") -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.weight_ih{suffix}": (4 * hidden, inputs),
        f"{name}.weight_hh{suffix}": (4 * hidden, hidden),
        f"{name}.bias_ih{suffix}": (4 * hidden,),
        f"{name}.bias_hh{suffix}": (4 * hidden,),
    }


def _convolution(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    norm = {f"{name}.1.{part}": (outputs,) for part in ("weight", "bias")}
    running = {f"{name}.1.running_{part}": (outputs,) for part in ("mean", "var")}
    weights = {f"{name}.0.conv.weight": (outputs, inputs, 5), f"{name}.0.conv.bias": (outputs,)}
    return weights | norm | running | {f"{name}.1.num_batches_tracked": ()}


def _public_shapes() -> dict[str, tuple[int, ...]]:
    """The tensors of the project's `Tacotron2`, with small sizes."""
    attention = "decoder.attention_layer"
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.weight": (SYMBOLS, ENCODER),
        "decoder.prenet.layers.0.linear_layer.weight": (6, MELS),
        "decoder.prenet.layers.1.linear_layer.weight": (6, 6),
        f"{attention}.query_layer.linear_layer.weight": (5, ATTENTION),
        f"{attention}.memory_layer.linear_layer.weight": (5, ENCODER),
        f"{attention}.v.linear_layer.weight": (1, 5),
        f"{attention}.location_layer.location_conv.conv.weight": (3, 2, 7),
        f"{attention}.location_layer.location_dense.linear_layer.weight": (5, 3),
        "decoder.linear_projection.linear_layer.weight": (MELS, DECODER + ENCODER),
        "decoder.linear_projection.linear_layer.bias": (MELS,),
        "decoder.gate_layer.linear_layer.weight": (1, DECODER + ENCODER),
        "decoder.gate_layer.linear_layer.bias": (1,),
    }
    for layer in range(2):
        shapes |= _convolution(f"encoder.convolutions.{layer}", ENCODER, ENCODER)
    for layer, (inputs, outputs) in enumerate(((MELS, 9), (9, 9), (9, MELS))):
        shapes |= _convolution(f"postnet.convolutions.{layer}", inputs, outputs)
    for suffix in ("_l0", "_l0_reverse"):
        shapes |= _lstm("encoder.lstm", ENCODER, ENCODER // 2, suffix)
    shapes |= _lstm("decoder.attention_rnn", 6 + ENCODER, ATTENTION)
    return shapes | _lstm("decoder.decoder_rnn", ATTENTION + ENCODER, DECODER)


def _weights() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        name: torch.rand(shape) if shape else torch.tensor(3)
        for name, shape in _public_shapes().items()
    }


def _import(folder: Path, weights: dict[str, Tensor], config: Path | None = None) -> Imported:
    path = folder / "tacotron2_statedict.pt"
    torch.save({"state_dict": weights, "iteration": 7}, path)
    return import_files("nvidia-tacotron2", [path], config)


def _settings(folder: Path, **fields: Any) -> Path:
    path = folder / "hparams.json"
    path.write_text(json.dumps(fields), encoding="utf-8")
    return path


def test_sizes_are_read_off_the_tensors(tmp_path: Path) -> None:
    found = _import(tmp_path, _weights())
    sizes = found.config
    assert (sizes.encoder_dim, sizes.encoder_layers, sizes.encoder_kernel) == (ENCODER, 2, 5)
    assert (sizes.attention_rnn_dim, sizes.decoder_rnn_dim) == (ATTENTION, DECODER)
    assert (sizes.attention_dim, sizes.location_filters, sizes.location_kernel) == (5, 3, 7)
    assert (sizes.prenet_dim, sizes.postnet_dim, sizes.postnet_layers) == (6, 9, 3)
    assert (found.mel.n_mels, found.mel.sample_rate) == (MELS, 22050)
    assert (found.step, found.alphabet, found.symbols) == (7, "characters", PUBLIC_ENGLISH)


def test_every_public_tensor_is_in_the_model(tmp_path: Path) -> None:
    weights = _weights()
    model = _import(tmp_path, weights).model
    assert isinstance(model, Tacotron2)
    filled = [value for name, value in model.state_dict().items() if not name.startswith("mel_")]
    assert sorted(map(_content, filled)) == sorted(map(_content, weights.values()))


def _content(tensor: Tensor) -> tuple[tuple[int, ...], list[float]]:
    return tuple(tensor.shape), tensor.double().flatten().tolist()


def test_several_frames_a_step_are_seen_at_the_projection(tmp_path: Path) -> None:
    weights = _weights()
    for part in ("weight", "bias"):
        name = f"decoder.linear_projection.linear_layer.{part}"
        weights[name] = weights[name].repeat(2, *[1] * (weights[name].ndim - 1))
    weights["decoder.prenet.layers.0.linear_layer.weight"] = torch.rand(6, 2 * MELS)
    assert _import(tmp_path, weights).config.frames_per_step == 2


def test_files_of_old_versions_have_no_counters(tmp_path: Path) -> None:
    weights = {n: w for n, w in _weights().items() if not n.endswith("num_batches_tracked")}
    model = _import(tmp_path, weights).model
    assert int(model.state_dict()["encoder.convolutions.0.norm.num_batches_tracked"]) == 0


def test_symbols_beyond_the_public_table_have_no_name(tmp_path: Path) -> None:
    weights = _weights()
    weights["embedding.weight"] = torch.rand(SYMBOLS + 2, ENCODER)
    found = _import(tmp_path, weights)
    assert found.symbols[-2:] == (f"<{SYMBOLS}>", f"<{SYMBOLS + 1}>")
    assert "from 148 on are not in the public table" in found.notes[0]
    weights["embedding.weight"] = torch.rand(SYMBOLS - 2, ENCODER)
    assert _import(tmp_path, weights).symbols == PUBLIC_ENGLISH[:-2]


def test_settings_give_what_tensors_do_not_tell(tmp_path: Path) -> None:
    config = _settings(
        tmp_path, sampling_rate=16000, filter_length=800, win_length=800, hop_length=200,
        mel_fmax=7600.0, gate_threshold=0.6, max_decoder_steps=50, batch_size=64,
    )  # fmt: skip
    found = _import(tmp_path, _weights(), config)
    assert (found.config.stop_threshold, found.config.max_steps) == (0.6, 50)
    assert (found.mel.sample_rate, found.mel.hop_length, found.mel.f_max) == (16000, 200, 7600.0)
    assert mel_config(config).n_mels == 80  # where no tensor tells otherwise


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"learning_rate": 1e-3}, "has none of filter_length, gate_threshold.*: not Tacotron 2's"),
        ({"filter_length": 1024, "mel_fmax": 20000.0}, "tacotron2's settings: f_max"),
        ({"filter_length": 1024, "gate_threshold": 2.0}, "stop_threshold: above 0, at most 1"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _import(tmp_path, _weights(), _settings(tmp_path, **fields))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("decoder.gate_layer.linear_layer.bias", None, r"gate_layer\.linear_layer\.bias missing"),
        ("decoder.other", torch.zeros(2), r"decoder\.other not expected"),
        ("encoder.lstm.bias_hh_l0", torch.zeros(3), r"bias_hh_l0 has shape \(3,\), expected"),
        ("embedding.weight", torch.zeros(3), r"embedding\.weight too flat"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    tmp_path: Path, name: str, value: Tensor | None, message: str
) -> None:
    weights = _weights()
    weights.pop(name, None)
    if value is not None:
        weights[name] = value
    with pytest.raises(VoxloomError, match=message):
        _import(tmp_path, weights)
