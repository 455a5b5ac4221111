from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from models.evaluation.speech import ProsodySettings, Voices
from models.mel import MelConfig
from models.phonology.phonemes import Phonemizer
from tests.tiny_voices import TinyVoices, save_tiny_paper_voice, save_tiny_tacotron2

TEXTS = ("Turn on the light.", "Stop!", "Where is my mother?")


@pytest.mark.parametrize("save_voice", [save_tiny_paper_voice, save_tiny_tacotron2])
def test_voices_read_what_their_checkpoint_reads(
    save_voice: Callable[[Path], Path], tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    voices = Voices(str(save_voice(tmp_path / "public")), str(tiny_voices.vocoder))
    phonemes = Phonemizer().phonemize(TEXTS)
    waves = voices.speak(TEXTS, phonemes, voices.names[0], ProsodySettings(), MelConfig())
    assert len(waves) == len(TEXTS)
    assert all(np.isfinite(wave).all() and len(wave) for wave in waves)


def test_every_control_is_of_each_sentence_and_on_its_device(
    tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left to a default is on the CPU, and a model on a GPU cannot be told it."""
    voices = Voices(str(tiny_voices.acoustic_model), str(tiny_voices.vocoder))
    model, asked = voices.acoustic.acoustic_model, []
    speak = model.synthesize

    def synthesize(symbols, lengths, speakers, controls):
        asked.extend((control.shape, control.device) for control in controls)
        return speak(symbols, lengths, speakers, controls)

    monkeypatch.setattr(model, "synthesize", synthesize)
    phonemes = Phonemizer().phonemize(TEXTS)
    voices.speak(TEXTS, phonemes, voices.names[0], ProsodySettings(), MelConfig())
    assert set(asked) == {((len(TEXTS),), torch.device("cpu"))}
    assert len(asked) == 4
