"""ming024/FastSpeech2 (the paper's FastSpeech 2): every call of the vectors, in its own batch."""

import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.acoustic.fastspeech2_paper import FastSpeech2Paper, Output, Prosody, Scales
from models.checkpoint import Checkpoint
from models.voice import Controls
from tests.models.parity.vectors import Vectors, assert_agrees, imported, vectors

NAMES = ("fastspeech2_single", "fastspeech2_multi", "fastspeech2_frame")
# Of the public code's calls: duration, pitch and energy. It gives energy the factor of pitch.
PLAIN, CONTROLLED = (1.0, 1.0, 1.0), (1.5, 1.25, 1.25)


@pytest.fixture(params=NAMES)
def given(request: pytest.FixtureRequest) -> Vectors:
    return vectors(request.param)


@pytest.fixture
def model(given: Vectors, tmp_path: Path) -> FastSpeech2Paper:
    return _imported(given, tmp_path).model


def _imported(given: Vectors, tmp_path: Path, suffix: str = ".pth.tar") -> Checkpoint:
    content = {"model": given.weights, "optimizer": {"state": {}}}
    folder = ("--config", str(given.folder))
    return imported(tmp_path, "ming024-fastspeech2", content, *folder, suffix=suffix)


def _inputs(given: Vectors, items: slice = slice(None)) -> tuple[Tensor, Tensor, Tensor]:
    lengths = given.inputs["src_lens"][items]
    symbols = given.inputs["texts"][items, : int(lengths.max())]
    return symbols, lengths, given.inputs["speakers"][items]


def _scales(size: int, factors: tuple[float, float, float]) -> Scales:
    return Scales(*(torch.full((size,), factor) for factor in factors))


def _assert_output(given: Vectors, call: str, ours: Output) -> None:
    """Everything that the vectors hold of a call."""
    frames = torch.arange(ours.mels.shape[1])[None]
    values = {
        "output": ours.mels,
        "postnet_output": ours.refined,
        "p_predictions": ours.pitch,
        "e_predictions": ours.energy,
        "log_d_predictions": ours.log_durations,
        "d_rounded": ours.durations,
        "mel_lens": ours.lengths,
        "mel_masks": frames >= ours.lengths[:, None],
    }
    held = {name.partition(".")[2] for name in given.outputs if name.startswith(f"{call}.")}
    assert held
    for name in held:
        assert_agrees(f"{call}.{name}", values[name], given.outputs[f"{call}.{name}"])


def test_teacher_forced_parity(given: Vectors, model: FastSpeech2Paper) -> None:
    prosody = Prosody(*(given.inputs[name] for name in ("d_targets", "p_targets", "e_targets")))
    with torch.inference_mode():
        output = model(*_inputs(given), prosody, mask_padding=False)
    assert output.lengths.tolist() == given.inputs["mel_lens"].tolist()
    _assert_output(given, "tf", output)


@pytest.mark.parametrize(("call", "factors"), [("free", PLAIN), ("ctl", CONTROLLED)])
def test_free_running_parity(
    given: Vectors, model: FastSpeech2Paper, call: str, factors: tuple[float, float, float]
) -> None:
    symbols, lengths, speakers = _inputs(given)
    scales = _scales(len(lengths), factors)
    output = model.infer(symbols, lengths, speakers, scales, mask_padding=False)
    _assert_output(given, call, output)


def test_parity_of_one_item_alone(given: Vectors, model: FastSpeech2Paper) -> None:
    item = slice(1, 2)
    for mask_padding in (True, False):
        output = model.infer(*_inputs(given, item), _scales(1, PLAIN), mask_padding)
        _assert_output(given, "one", output)


def test_parity_in_a_batch_of_ours(given: Vectors, model: FastSpeech2Paper) -> None:
    """What the public code says of an item alone, ours says of it in any batch."""
    symbols, lengths, speakers = _inputs(given)
    plain = Controls(
        *(torch.tensor([value]).expand(len(lengths)) for value in (1.0, 0.0, 1.0, 1.0))
    )
    speech = model.synthesize(symbols, lengths, speakers, plain)
    num_frames = int(given.outputs["one.mel_lens"][0])
    assert int(speech.lengths[1]) == num_frames
    alone = given.outputs["one.postnet_output"].transpose(1, 2)  # (1, T, M) -> (1, M, T)
    assert_agrees("one", speech.mels[1:2, :, :num_frames], alone)
    assert (speech.mels[1, :, num_frames:] == model.mel.silence).all()


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".safetensors"])
def test_parity_of_every_file_type(given: Vectors, tmp_path: Path, suffix: str) -> None:
    content = {"model": given.weights}
    arguments = ("--config", str(given.folder / "model.yaml"))
    checkpoint = imported(tmp_path, "ming024-fastspeech2", content, *arguments, suffix=suffix)
    output = checkpoint.model.infer(*_inputs(given, slice(1, 2)), _scales(1, PLAIN))
    _assert_output(given, "one", output)


def test_config_is_found_beside_the_file_for_parity(given: Vectors, tmp_path: Path) -> None:
    for name in ("preprocess.yaml", "model.yaml", "stats.json", "speakers.json"):
        shutil.copy(given.folder / name, tmp_path)
    checkpoint = imported(tmp_path, "ming024-fastspeech2", {"model": given.weights})
    assert checkpoint.info.alphabet == "arpabet"
    assert len(checkpoint.symbols) == len(given.weights["encoder.src_word_emb.weight"])
