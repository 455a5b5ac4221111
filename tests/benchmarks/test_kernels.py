"""What is measured is what the models make."""

import pytest
import torch

from benchmarks.kernels import made_ready, measure, network
from models.checkpoint import shared_checkpoint
from tests.tiny_voices import TinyVoices


@pytest.mark.parametrize("kernels", ["torch", "ours"])
@pytest.mark.parametrize("name", ["acoustic_model", "recognizer"])
def test_kernels_of_a_network(tiny_voices: TinyVoices, name: str, kernels: str) -> None:
    checkpoint = shared_checkpoint(str(getattr(tiny_voices, name)))
    first_s, again_s, of_new_lengths = measure(checkpoint, 64, "fp32", kernels)
    assert first_s > 0
    assert again_s >= 0
    assert of_new_lengths > 0


@torch.inference_mode()
def test_an_acoustic_model_speaks_the_frames_it_is_asked_for(
    tiny_voices: TinyVoices, tmp_path: object
) -> None:
    checkpoint = shared_checkpoint(str(tiny_voices.acoustic_model))
    module, given = network(checkpoint, 61, "fp32", "torch")
    mels = made_ready("torch", module, given, tmp_path)()  # type: ignore[arg-type]
    assert isinstance(mels, torch.Tensor)
    assert mels.shape == (1, checkpoint.mel.n_mels, 61)
