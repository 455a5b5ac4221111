"""Which stops are at an edge, and a voice that leads one."""

import math

import pytest
import torch

from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.acoustic.stops import final, initial, is_plosive, is_voiced_stop, lead_frames
from models.mel import MelConfig
from models.voice import Controls, Speech

SYMBOLS = ("<pad>", "^", ".", "a", "|ɡ", "t")
CONFIG = FastSpeech2Config(
    dim=16,
    encoder_layers=1,
    decoder_layers=1,
    hidden_dim=24,
    predictor_dim=16,
    frame_pitch=True,
    word_starts=True,
)
SENTENCE = torch.tensor([[1, 4, 3, 5, 2]])  # ^ |ɡ a t .


@pytest.fixture(scope="module")
def voiceless() -> FastSpeech2:
    """A model whose symbols last ten frames, and to which nothing is voiced."""
    torch.manual_seed(0)
    made = FastSpeech2(CONFIG, MelConfig(), SYMBOLS, ("anna",)).eval()
    with torch.no_grad():
        made.duration_predictor.line.bias.fill_(math.log(11))
        for parameter in made.frame_pitch.parameters():
            parameter.zero_()
        list(made.frame_pitch.parameters())[-1].fill_(-5.0)
    return made


@pytest.mark.parametrize("symbol", ["b", "|b", "|ɡ", "d", "|dʒ"])
def test_voiced_stops(symbol: str) -> None:
    assert is_voiced_stop(symbol)


@pytest.mark.parametrize("symbol", ["p", "|t", "ð", "m", "ˈa", "^", "<pad>", "."])
def test_other_symbols_are_none(symbol: str) -> None:
    assert not is_voiced_stop(symbol)


def test_plosives_are_voiced_or_not_and_no_affricates() -> None:
    found = [
        symbol for symbol in ("p", "|t", "k", "b", "ɡ", "dʒ", "tʃ", "s", ".") if is_plosive(symbol)
    ]
    assert found == ["p", "|t", "k", "b", "ɡ"]


def test_edges_are_beside_silence_or_nothing() -> None:
    silent = torch.tensor([[False, False, True, False, False]])
    everything = torch.ones_like(silent)
    assert initial(everything, silent)[0].tolist() == [True, False, False, True, False]
    assert final(everything, silent)[0].tolist() == [False, True, False, False, True]


def test_times_become_frames() -> None:
    assert lead_frames(torch.tensor([0.0, 0.1]), MelConfig()).tolist() == [0, 9]


def test_a_voice_that_leads_is_heard_before_its_stop(voiceless: FastSpeech2) -> None:
    asked = SENTENCE, torch.tensor([5]), torch.tensor([0])
    leads = torch.tensor([[0, 6, 0, 0, 0]])
    neutral = Controls.neutral(1, torch.device("cpu"))
    plain: Speech = voiceless.synthesize(*asked, neutral)
    led: Speech = voiceless.synthesize(*asked, neutral, lambda found: found._replace(leads=leads))
    assert plain.pitch_hz is not None
    assert led.pitch_hz is not None
    assert not plain.pitch_hz.any()
    start = int(plain.durations[0, 0])
    assert led.pitch_hz[0].nonzero().flatten().tolist() == list(range(start, start + 6))
    assert (led.durations - plain.durations).tolist() == leads.tolist()
    assert int(led.lengths) == int(plain.lengths) + 6
