"""NVIDIA/tacotron2: encoder, teacher-forced and free-running decoding, its stop, its mels."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.acoustic.tacotron2 import Tacotron2
from models.errors import VoxloomError
from models.importers import import_files
from models.importers.nvidia_tacotron2 import mel_config
from models.mel import LogMel
from models.voice import Controls
from tests.models.parity.vectors import assert_agrees, imported, vectors, write


def _imported(tmp_path: Path, suffix: str = ".pt", **changed: Any) -> Tacotron2:
    """The public weights as our model; `changed` replaces fields of its config."""
    given = vectors("tacotron2")
    config = str(given.folder / "hparams.json")
    content = {"state_dict": given.weights, "iteration": 7, "learning_rate": 1e-3}
    if suffix == ".safetensors":
        content = {"state_dict": given.weights}
    ours = imported(tmp_path, "nvidia-tacotron2", content, "--config", config, suffix=suffix)
    model: Tacotron2 = ours.model
    model.config = dataclasses.replace(model.config, **changed)
    return model


def _nobody(size: int) -> Tensor:
    return torch.zeros(size, dtype=torch.long)


def _finish(model: Tacotron2, frames: Tensor) -> Tensor:
    """Decoded frames (1, T, M) through the post-net, as (1, M, T)."""
    return model.postnet(frames.transpose(1, 2), None)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@torch.inference_mode()
def test_tacotron2_parity_teacher_forced(tmp_path: Path, suffix: str) -> None:
    given = vectors("tacotron2")
    model = _imported(tmp_path, suffix)
    text, lengths = given.inputs["text"], given.inputs["input_lengths"]
    mels, mel_lengths = given.inputs["mel"].transpose(1, 2), given.inputs["output_lengths"]
    memory = model.encode(text, lengths, _nobody(len(text)), mask_convolutions=False)
    assert_agrees("encoder_outputs", memory.values, given.outputs["encoder_outputs"])
    output = model(text, lengths, _nobody(len(text)), mels, mel_lengths)
    theirs = given.outputs
    assert_agrees("mel_outputs", output.mels.transpose(1, 2), theirs["tf.mel_outputs"])
    refined = output.refined.transpose(1, 2)
    assert_agrees("mel_outputs_postnet", refined, theirs["tf.mel_outputs_postnet"])
    assert_agrees("gate_outputs", output.stop_logits, theirs["tf.gate_outputs"])
    assert_agrees("alignments", output.attention, theirs["tf.alignments"])


def _shortest_unpadded(given: Any) -> Tensor:
    """The first text (1, N), whose length is that of the batch."""
    return given.inputs["text"][:1, : int(given.inputs["input_lengths"][0])]


@torch.inference_mode()
def test_tacotron2_parity_free_running(tmp_path: Path) -> None:
    given = vectors("tacotron2")
    theirs = given.outputs["inf.mel_outputs"]
    model = _imported(tmp_path, max_steps=theirs.shape[2], stop_threshold=1.0)
    text = _shortest_unpadded(given)
    memory = model.encode(text, torch.tensor([text.shape[1]]), _nobody(1), mask_convolutions=True)
    frames, stop_logits, attention = model.decode(memory)
    assert_agrees("mel_outputs", frames.transpose(1, 2), theirs)
    refined = _finish(model, frames)
    assert_agrees("mel_outputs_postnet", refined, given.outputs["inf.mel_outputs_postnet"])
    assert_agrees("gate_outputs", stop_logits[:, :, None], given.outputs["inf.gate_outputs"])
    assert_agrees("alignments", attention, given.outputs["inf.alignments"])


def _stop_threshold(given: Any) -> float:
    """Just below the first gate that stopped the public model, as its README chooses it."""
    last = given.outputs["stop.mel_outputs_postnet"].shape[2] - 1
    gates = given.outputs["inf.gate_outputs"][0, :, 0].sigmoid()
    before = gates[:last].max() if last else gates.new_tensor(0.0)
    return float((before + gates[last]) / 2)


@torch.inference_mode()
def test_tacotron2_parity_stops_by_itself(tmp_path: Path) -> None:
    given = vectors("tacotron2")
    threshold = _stop_threshold(given)
    model = _imported(tmp_path, stop_threshold=threshold, prenet_dropout_at_inference=False)
    text, one = _shortest_unpadded(given), torch.ones(1)
    speech = model.synthesize(
        text, torch.tensor([text.shape[1]]), _nobody(1), Controls(one, one * 0, one, one)
    )
    assert_agrees("mel_outputs_postnet", speech.mels, given.outputs["stop.mel_outputs_postnet"])


def test_tacotron2_mel_parity() -> None:
    given = vectors("tacotron2_mel")
    mel = mel_config(given.folder / "hparams.json")
    assert_agrees("mel", LogMel(mel)(given.inputs["wav"]), given.outputs["mel"])


def _file(tmp_path: Path, **changed: Tensor | None) -> Path:
    weights = {**vectors("tacotron2").weights, **changed}
    path = tmp_path / "public.pt"
    write(
        path, {"state_dict": {name: value for name, value in weights.items() if value is not None}}
    )
    return path


def test_tacotron2_parity_symbols_are_the_public_table(tmp_path: Path) -> None:
    found = import_files("nvidia-tacotron2", [_file(tmp_path)])
    rows = json.loads((vectors("tacotron2").folder / "hparams.json").read_text())["n_symbols"]
    assert len(found.symbols) == rows
    assert found.symbols[:14] == tuple("_-!'(),.:;? AB")
    assert found.alphabet == "characters"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"decoder.gate_layer.linear_layer.bias": None}, r"gate_layer\.linear_layer\.bias missing"),
        ({"decoder.other": torch.zeros(2)}, r"decoder\.other not expected"),
        ({"encoder.lstm.bias_hh_l0": torch.zeros(3)}, r"bias_hh_l0 has shape \(3,\), expected"),
        ({"embedding.weight": None}, r"embedding\.weight missing"),
    ],
)
def test_tacotron2_parity_names_the_keys_that_do_not_fit(
    tmp_path: Path, changed: dict[str, Tensor | None], message: str
) -> None:
    with pytest.raises(VoxloomError, match=message):
        import_files("nvidia-tacotron2", [_file(tmp_path, **changed)])
