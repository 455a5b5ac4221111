import pytest
import torch

from models.mel import LogMel
from models.recognition.probe_networks import (
    CtcProbe,
    KeywordProbe,
    ProbeConfig,
    probe_features,
    probe_mel,
    spellable,
)
from models.recognition.recognizer import RecognizerConfig

TINY = ProbeConfig(dim=16, num_layers=2)
TINY_LETTERS = RecognizerConfig(dim=16, hidden_dim=16, num_layers=1, kernel_size=3)
MEL = probe_mel(8000)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_any_rate_has_a_hundred_frames_a_second(rate: int) -> None:
    mel = LogMel(probe_mel(rate))(torch.randn(1, rate))
    assert abs(mel.shape[-1] - 100) <= 1
    assert mel.isfinite().all()


def test_level_and_colour_are_not_heard() -> None:
    torch.manual_seed(0)
    wave, log_mel = 0.1 * torch.randn(4000), LogMel(MEL)
    loud = probe_features(4 * wave, log_mel)
    torch.testing.assert_close(loud, probe_features(wave, log_mel), atol=1e-3, rtol=1e-3)
    assert loud.mean(dim=1).abs().max() < 1e-4


def test_clips_of_a_few_samples_have_features() -> None:
    assert probe_features(torch.zeros(3), LogMel(MEL)).isfinite().all()


def test_padding_does_not_reach_a_clip() -> None:
    torch.manual_seed(0)
    keyword = KeywordProbe(TINY, MEL, ("no", "yes")).eval()
    mels, lengths = torch.randn(2, MEL.n_mels, 30), torch.tensor([30, 13])
    mels[1, :, 13:] = 0.0
    alone = keyword(mels[1:, :, :13], lengths[1:])
    torch.testing.assert_close(keyword(mels, lengths)[1:], alone, atol=1e-2, rtol=1e-2)


def test_letters_come_out_as_words() -> None:
    torch.manual_seed(0)
    result = (
        CtcProbe(TINY_LETTERS, MEL)
        .eval()
        .hear(torch.randn(2, MEL.n_mels, 40), torch.tensor([40, 20]))
    )
    assert len(result) == 2
    assert all(text == spellable(text) for text in result)


def test_spellable() -> None:
    assert spellable("  It's Two-thirty, OK? ") == "it's two thirty ok"
