import dataclasses
import errno
import shutil
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from models import atomic
from models.checkpoint import (
    CheckpointInfo,
    check_vocoder_fits,
    checkpoint_digest,
    checkpoint_label,
    find_checkpoint,
    list_checkpoints,
    load_checkpoint,
    read_info,
    save_checkpoint,
    shared_checkpoint,
)
from models.config import as_mapping
from models.errors import CheckpointError, DataError
from models.mel import MelConfig
from models.vocoders.vocos import Vocos, VocosConfig
from models.voice import Controls
from tests.tiny_voices import SPEAKERS, SYMBOLS, TinyVoices

TINY = VocosConfig(dim=8, hidden_dim=8, num_layers=1)


@pytest.fixture
def vocos(tmp_path: Path) -> Path:
    """A checkpoint of its own, to be damaged."""
    info = CheckpointInfo(
        kind="vocos",
        config=as_mapping(TINY),
        mel=MelConfig(f_max=None),
        step=7,
        licence="CC0-1.0",
        trained_on=("somewhere",),
        metrics={"mel_l1": 0.25},
    )
    torch.manual_seed(1)
    save_checkpoint(tmp_path / "mine", Vocos(TINY, info.mel), info)
    return tmp_path / "mine"


def _edit(folder: Path, **changed: object) -> None:
    path = folder / "checkpoint.yaml"
    mapping = yaml.safe_load(path.read_text(encoding="utf-8")) | changed
    path.write_text(yaml.safe_dump(mapping), encoding="utf-8")


def _redigest(folder: Path) -> None:
    """Make checkpoint.yaml agree with a file of weights that was replaced."""
    import hashlib

    weights = (folder / "model.safetensors").read_bytes()
    _edit(folder, weights_digest=hashlib.sha256(weights).hexdigest()[:16])


def test_each_kind_comes_back_from_its_folder(tiny_voices: TinyVoices) -> None:
    acoustic = load_checkpoint(tiny_voices.acoustic_model)
    assert (acoustic.kind, acoustic.speakers, acoustic.symbols) == (
        "fastspeech2",
        SPEAKERS,
        SYMBOLS,
    )
    one = torch.ones(1)
    speech = acoustic.acoustic_model.synthesize(
        torch.tensor([[1, 6, 40, 3]]),
        torch.tensor([4]),
        torch.tensor([1]),
        Controls(one, one, one, one),
    )
    wave = load_checkpoint(tiny_voices.vocoder).vocoder(speech.mels.clone())
    assert wave.shape == (1, int(speech.lengths) * acoustic.mel.hop_length)
    recognizer = load_checkpoint(tiny_voices.recognizer)
    assert recognizer.kind == "recognizer"
    assert len(recognizer.model.transcribe(speech.mels, speech.lengths)) == 1
    for checkpoint in (acoustic, recognizer):
        assert not checkpoint.model.training


def test_a_vocoder_is_no_acoustic_model(tiny_voices: TinyVoices) -> None:
    with pytest.raises(CheckpointError, match="is a fastspeech2; needed is harmonic or vocos"):
        _ = load_checkpoint(tiny_voices.acoustic_model).vocoder
    with pytest.raises(CheckpointError, match="is a vocos; needed is fastspeech2 or"):
        _ = load_checkpoint(tiny_voices.vocoder).acoustic_model


def test_everything_written_is_read(vocos: Path) -> None:
    info = read_info(vocos)
    assert (info.kind, info.step, info.licence) == ("vocos", 7, "CC0-1.0")
    assert (info.trained_on, info.metrics) == (("somewhere",), {"mel_l1": 0.25})
    assert info.mel == MelConfig(f_max=None)
    checkpoint = load_checkpoint(vocos)
    assert checkpoint.mel == MelConfig(f_max=None)
    assert checkpoint.model.config == TINY
    assert checkpoint.label == f"mine@{checkpoint.digest}"
    assert checkpoint.digest == checkpoint_digest(vocos)
    assert len(checkpoint.digest) == 16


def test_a_disk_that_fills_up_leaves_the_checkpoint_that_is_there(
    vocos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, info = load_checkpoint(vocos).model, read_info(vocos)
    synced = []

    def fill_up(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:  # the weights are written, their description is not
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", fill_up)
    with pytest.raises(DataError, match=r"checkpoint\.yaml: the disk is full"):
        save_checkpoint(vocos, model, dataclasses.replace(info, step=8), torch.float16)
    assert load_checkpoint(vocos).info.step == 7
    assert len(list(vocos.iterdir())) == 2


def test_all_who_may_read_the_folder_may_read_the_weights(vocos: Path) -> None:
    weights, described = vocos / "model.safetensors", vocos / "checkpoint.yaml"
    assert weights.stat().st_mode == described.stat().st_mode


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 0.0), (torch.float16, 1e-3), (torch.bfloat16, 8e-3)]
)
def test_weights_survive_storage(tmp_path: Path, dtype: torch.dtype, tolerance: float) -> None:
    model = Vocos(TINY, MelConfig())
    info = CheckpointInfo(kind="vocos", config=as_mapping(TINY), mel=MelConfig())
    save_checkpoint(tmp_path / "half", model, info, dtype)
    stored = load_file(tmp_path / "half/model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {dtype}
    restored = load_checkpoint(tmp_path / "half").model.state_dict()
    for name, tensor in model.state_dict().items():
        assert restored[name].dtype == torch.float32
        torch.testing.assert_close(restored[name], tensor, atol=tolerance, rtol=tolerance)


def test_saving_leaves_no_temporary_files(vocos: Path) -> None:
    assert sorted(p.name for p in vocos.iterdir()) == ["checkpoint.yaml", "model.safetensors"]


def test_one_flipped_bit_is_found(vocos: Path) -> None:
    path = vocos / "model.safetensors"
    weights = bytearray(path.read_bytes())
    weights[-5] ^= 1
    path.write_bytes(weights)
    for read in (load_checkpoint, checkpoint_digest):
        with pytest.raises(CheckpointError, match=r"model\.safetensors: damaged: its digest is"):
            read(vocos)


def test_missing_weights_are_named(vocos: Path) -> None:
    (vocos / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors: missing"):
        load_checkpoint(vocos)


def test_weights_that_are_no_safetensors(vocos: Path) -> None:
    (vocos / "model.safetensors").write_bytes(b"not tensors")
    _redigest(vocos)
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        load_checkpoint(vocos)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "wavenet"}, "kind 'wavenet'; known are fastspeech2,"),
        ({"format": 9}, "format 9; this version reads 1"),
        ({"config": {"dims": 8}}, r"dims: unknown key \(did you mean dim\?\)"),
        ({"mel": {"n_mel": 80}}, "n_mel: unknown key"),
        ({"weights_digest": ""}, "weights_digest: missing"),
        ({"surprise": 1}, "surprise: unknown key"),
    ],
)
def test_wrong_description_is_refused(
    vocos: Path, changed: dict[str, object], message: str
) -> None:
    _edit(vocos, **changed)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(vocos)
    assert "checkpoint.yaml" in str(caught.value)


def test_weights_of_another_shape_are_named(vocos: Path) -> None:
    _edit(vocos, config=as_mapping(dataclasses.replace(TINY, dim=16)))
    with pytest.raises(CheckpointError, match=r"has shape \(8.*, expected \(16"):
        load_checkpoint(vocos)


def test_weights_with_other_names_are_named(vocos: Path) -> None:
    path = vocos / "model.safetensors"
    weights = load_file(path)
    weights["tail.bias"] = weights.pop("head.bias")
    save_file(weights, path)
    _redigest(vocos)
    with pytest.raises(CheckpointError, match=r"head\.bias missing; tail\.bias not expected"):
        load_checkpoint(vocos)


def test_what_a_kind_got_later_keeps_its_first_value(
    tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    folder = tmp_path / "older"
    shutil.copytree(tiny_voices.acoustic_model, folder)
    weights = load_file(folder / "model.safetensors")
    gains = ("pitch_gain", "modulation_gain")
    for name in gains:
        weights[name].fill_(1.3)
    save_file(weights, folder / "model.safetensors")
    _redigest(folder)
    model = load_checkpoint(folder).model
    assert all(getattr(model, name).sub(1.3).abs().lt(1e-3).all() for name in gains)
    for name in gains:
        del weights[name]
    save_file(weights, folder / "model.safetensors")
    _redigest(folder)
    model = load_checkpoint(folder).model
    assert all(getattr(model, name).eq(1).all() for name in gains)


def test_griffin_lim_needs_no_weights() -> None:
    assert shared_checkpoint("griffin-lim").kind == "griffin-lim"
    checkpoint = load_checkpoint("griffin-lim")
    assert (checkpoint.kind, checkpoint.label, checkpoint.digest) == ("griffin-lim",) * 2 + ("",)
    assert checkpoint.model(torch.full((1, 80, 4), -8.0)).shape == (1, 1024)


def test_unknown_name_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nobody: no such checkpoint; shipped are .*griffin"):
        find_checkpoint("nobody")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        find_checkpoint(tmp_path)


def test_shipped_checkpoints_are_intact() -> None:
    for folder in list_checkpoints():
        assert load_checkpoint(folder.name).digest == checkpoint_digest(folder.name)


@pytest.mark.parametrize(
    "changed", [{"licence": "CC-BY-4.0"}, {"mel": {"f_max": 7600.0}}, {"featured": ["ben"]}]
)
def test_another_description_of_the_same_weights_is_another_checkpoint(
    vocos: Path, changed: dict[str, object]
) -> None:
    before = checkpoint_digest(vocos)
    _edit(vocos, **changed)
    assert load_checkpoint(vocos).digest == checkpoint_digest(vocos) != before
    assert load_checkpoint(vocos).label == checkpoint_label(vocos)
    assert checkpoint_label("griffin-lim") == load_checkpoint("griffin-lim").label == "griffin-lim"


def test_voice_and_vocoder_must_share_their_mel(tiny_voices: TinyVoices, vocos: Path) -> None:
    acoustic = read_info(tiny_voices.acoustic_model)
    check_vocoder_fits(acoustic, read_info(tiny_voices.vocoder))
    with pytest.raises(CheckpointError, match=r"f_max 8000\.0 against None"):
        check_vocoder_fits(acoustic, read_info(vocos))


def test_stages_of_a_process_share_a_checkpoint_until_its_files_change(
    tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    folder = tmp_path / "voice"
    shutil.copytree(tiny_voices.vocoder, folder)
    first = shared_checkpoint(folder)
    assert shared_checkpoint(folder) is first
    changed = load_checkpoint(folder)
    with torch.no_grad():
        next(changed.model.parameters()).add_(1.0)
    save_checkpoint(folder, changed.model, changed.info)
    again = shared_checkpoint(folder)
    assert again.digest == checkpoint_digest(folder) != first.digest
    assert torch.equal(next(again.model.parameters()), next(changed.model.parameters()))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"num_layers": 10**9}, "config.num_layers: 1000000000 is more than the"),
        (
            {"num_layers": 90_000},
            "more (modules|tensors|numbers) than model.safetensors could",
        ),
        ({"dim": 90_000, "hidden_dim": 90_000}, "more numbers than model.safetensors could fill"),
        ({"num_layers": -3}, "checkpoint.yaml: |model.safetensors: "),
        ({"dim": 0}, "checkpoint.yaml: |model.safetensors: "),
    ],
)
def test_a_model_is_no_larger_than_its_weights(
    vocos: Path, changed: dict[str, int], message: str
) -> None:
    """What a config claims is not built first and compared after."""
    _edit(vocos, config=as_mapping(TINY) | changed)
    start = time.perf_counter()
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(vocos)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "mel", [{"n_fft": 2**40}, {"n_mels": 10**9}, {"sample_rate": 2**40}, {"hop_length": 10**12}]
)
def test_a_mel_config_stays_within_bounds(vocos: Path, mel: dict[str, int]) -> None:
    _edit(vocos, mel=as_mapping(MelConfig(f_max=None)) | mel)
    with pytest.raises(CheckpointError, match=r"checkpoint\.yaml: mel\."):
        load_checkpoint(vocos)


def test_a_description_is_read_once_until_its_file_changes(vocos: Path) -> None:
    info = read_info(vocos)
    assert read_info(vocos) is info
    written = (vocos / "checkpoint.yaml").read_text(encoding="utf-8")
    changed = written.replace("CC0-1.0", "MIT")
    (vocos / "checkpoint.yaml").write_text(changed, encoding="utf-8")
    assert read_info(vocos).licence == "MIT"
