"""jik876/hifi-gan: the mel of its dataset, and generators with both kinds of residual block."""

import json
from pathlib import Path

import pytest
import torch

from models.importers.hifigan import mel_config
from models.mel import LogMel
from tests.models.parity.vectors import assert_agrees, imported, vectors

NAMES = ["hifigan_resblock1", "hifigan_resblock2"]


def test_hifigan_mel_parity() -> None:
    given = vectors("hifigan_mel")
    config = given.folder / "config.json"
    settings = json.loads(config.read_text())
    for name, f_max in (
        ("mel_fmax8000", settings["fmax"]),
        ("mel_fmaxnull", settings["fmax_for_loss"]),
    ):
        mel = mel_config({**settings, "fmax": f_max}, str(config))
        assert_agrees(name, LogMel(mel)(given.inputs["wav"]), given.outputs[name])
    raw = given.inputs["wav_int16"].float() / 32768
    mel = mel_config(settings, str(config))
    assert_agrees("16 bit", LogMel(mel)(raw[None]), given.outputs["mel_fmax8000"][:1])


@pytest.mark.parametrize("suffix", ["", ".pt", ".safetensors"])
@pytest.mark.parametrize("name", NAMES)
def test_hifigan_parity(tmp_path: Path, name: str, suffix: str) -> None:
    given = vectors(name)
    config = str(given.folder / "config.json")
    content = {"generator": given.weights}
    ours = imported(tmp_path, "hifigan", content, "--config", config, suffix=suffix)
    mels, waves = given.inputs["mel"], given.outputs["audio"].squeeze(1)  # (B, 1, S) -> (B, S)
    with torch.inference_mode():
        assert_agrees("audio", ours.model(mels), waves)
        for index in range(len(mels)):
            alone = ours.model(mels[index : index + 1])
            assert_agrees(f"audio {index}", alone, waves[index : index + 1])


def test_hifigan_parity_from_a_flat_file_beside_its_config(tmp_path: Path) -> None:
    given = vectors(NAMES[0])
    (tmp_path / "config.json").write_bytes((given.folder / "config.json").read_bytes())
    ours = imported(tmp_path, "hifigan", given.weights, suffix=".safetensors")
    with torch.inference_mode():
        waves = ours.model(given.inputs["mel"])
    assert_agrees("audio", waves, given.outputs["audio"].squeeze(1))
