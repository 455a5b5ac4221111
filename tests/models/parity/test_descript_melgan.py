"""descriptinc/melgan-neurips: the generator, and `Audio2Mel`."""

from pathlib import Path

import pytest
import torch

from models.mel import LogMel
from tests.models.parity.vectors import assert_agrees, imported, vectors


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_descript_melgan_parity(tmp_path: Path, suffix: str) -> None:
    given = vectors("descript_melgan")
    config = str(given.folder / "args.yml")
    ours = imported(tmp_path, "descript-melgan", given.weights, "--config", config, suffix=suffix)
    mels, waves = given.inputs["mel"], given.outputs["audio"].squeeze(1)  # (B, 1, S) -> (B, S)
    with torch.inference_mode():
        assert_agrees("audio", ours.model(mels), waves)
        for index in range(len(mels)):
            alone = ours.model(mels[index : index + 1])
            assert_agrees(f"audio {index}", alone, waves[index : index + 1])
        features = LogMel(ours.mel)(given.inputs["wav"].squeeze(1))
        assert_agrees("audio2mel", features, given.outputs["audio2mel"])
