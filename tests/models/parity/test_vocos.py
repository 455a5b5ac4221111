"""gemelo-ai/vocos: features, backbone, decoding, and copy synthesis from a wave."""

from pathlib import Path

import pytest
import torch

from models.mel import LogMel
from tests.models.parity.vectors import assert_agrees, imported, vectors

SUFFIXES = [".bin", ".pth", ".safetensors"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_vocos_parity(tmp_path: Path, suffix: str) -> None:
    given = vectors("vocos")
    config = str(given.folder / "config.yaml")
    ours = imported(tmp_path, "vocos", given.weights, "--config", config, suffix=suffix)
    mels, outputs = given.inputs["mel"], given.outputs
    with torch.inference_mode():
        assert_agrees("backbone", ours.model.backbone(mels).transpose(1, 2), outputs["backbone"])
        assert_agrees("audio", ours.model(mels), outputs["audio"])
        for index in range(len(mels)):
            alone = ours.model(mels[index : index + 1])
            assert_agrees(f"audio {index}", alone, outputs["audio"][index : index + 1])
        features = LogMel(ours.mel)(given.inputs["wav"])
        assert_agrees("features", features, outputs["features"])
        assert_agrees("copy_synthesis", ours.model(features), outputs["copy_synthesis"])


def test_vocos_parity_from_a_training_checkpoint(tmp_path: Path) -> None:
    given = vectors("vocos")
    content = {"epoch": 3, "state_dict": {**given.weights, "multiresddisc.x": torch.ones(2)}}
    config = str(given.folder / "config.yaml")
    ours = imported(tmp_path, "vocos", content, "--config", config, suffix=".ckpt")
    with torch.inference_mode():
        assert_agrees("audio", ours.model(given.inputs["mel"]), given.outputs["audio"])
