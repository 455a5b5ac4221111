import dataclasses
import math

import pytest
import torch

from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config, Prosody
from models.acoustic.fastspeech2_losses import fastspeech2_losses
from models.acoustic.frame_pitch import Contour
from models.acoustic.frames import frames_of
from models.mel import MelConfig
from models.voice import Controls, Speech

SYMBOLS = ("<pad>", "^", ",", ".", "a", "b", "ˈo", "t")
SIZES = FastSpeech2Config(
    dim=16,
    encoder_layers=1,
    decoder_layers=1,
    hidden_dim=16,
    predictor_dim=16,
    frame_pitch=True,
    frame_pitch_dim=8,
)
IDS, LENGTHS = torch.tensor([[1, 6, 5, 7, 4, 3], [1, 4, 3, 0, 0, 0]]), torch.tensor([6, 3])
WHO = torch.tensor([0, 1])


@pytest.fixture
def model() -> FastSpeech2:
    torch.manual_seed(0)
    model = FastSpeech2(SIZES, MelConfig(), SYMBOLS, ("anna", "ben")).eval()
    with torch.no_grad():
        model.duration_predictor.line.bias.fill_(math.log(11))
        model.contour_embedding.weight.normal_(std=0.1)
        model.log_pitch.copy_(torch.tensor([200.0, 100.0]).log())
        model.frame_pitch.leave.bias[1] = 1.0
    return model


def _say(model: FastSpeech2, rows: slice = slice(0, 2), semitones: float = 0.0) -> Speech:
    one = torch.ones(len(WHO[rows]))
    controls = Controls(pace=one, pitch_semitones=semitones * one, energy=one, pitch_range=one)
    size = int(LENGTHS[rows].max())
    return model.synthesize(IDS[rows, :size], LENGTHS[rows], WHO[rows], controls)


def test_frames_know_their_symbol_and_their_place_in_it() -> None:
    owner, index, inside = frames_of(torch.tensor([[2, 0, 1], [1, 1, 0]]))
    assert owner[0].tolist() == [0, 0, 2]
    assert owner[1, :2].tolist() == [0, 1]
    assert index.tolist() == [[0.25, 0.75, 0.5], [0.5, 0.5, 0.0]]
    assert inside.tolist() == [[True, True, True], [True, True, False]]


def test_speech_has_a_pitch_in_hertz(model: FastSpeech2) -> None:
    speech = _say(model)
    assert speech.pitch_hz is not None
    assert speech.pitch_hz.shape == (2, speech.mels.shape[2])
    for row, middle in enumerate((200.0, 100.0)):
        voiced = speech.pitch_hz[row][speech.pitch_hz[row] > 0]
        assert middle / 2 < voiced.median() < middle * 2
        assert not speech.pitch_hz[row, int(speech.lengths[row]) :].any()


def test_a_batch_equals_alone(model: FastSpeech2) -> None:
    together, alone = _say(model), _say(model, slice(1, 2))
    frames = int(alone.lengths)
    assert together.pitch_hz is not None
    assert alone.pitch_hz is not None
    torch.testing.assert_close(together.pitch_hz[1, :frames], alone.pitch_hz[0], atol=1e-3, rtol=0)
    torch.testing.assert_close(together.mels[1, :, :frames], alone.mels[0], atol=1e-5, rtol=1e-5)


def test_semitones_move_the_contour_by_exactly_as_much(model: FastSpeech2) -> None:
    plain, moved = _say(model).pitch_hz, _say(model, semitones=3.0).pitch_hz
    assert plain is not None
    assert moved is not None
    assert torch.equal(plain > 0, moved > 0)
    ratio = moved[plain > 0] / plain[plain > 0]
    torch.testing.assert_close(ratio, torch.full_like(ratio, 2 ** (3 / 12)), atol=1e-4, rtol=0)


def test_the_decoder_hears_the_contour(model: FastSpeech2) -> None:
    durations = torch.tensor([[3, 4, 5, 2, 4, 3]])
    prosody = Prosody(durations, torch.zeros(1, 6), torch.zeros(1, 6))
    frames = int(durations.sum())
    low = Contour(torch.zeros(1, frames), torch.ones(1, frames))
    high = low._replace(pitch=torch.ones(1, frames))
    spoken = [model.follow(IDS[:1], LENGTHS[:1], WHO[:1], prosody, c) for c in (low, high)]
    assert (spoken[0].mels - spoken[1].mels).abs().max() > 0.01
    pitch_hz = spoken[1].pitch_hz
    assert pitch_hz is not None
    torch.testing.assert_close(pitch_hz, torch.full((1, frames), 200.0 * math.exp(0.2)))


def test_untrained_it_speaks_as_the_model_without() -> None:
    torch.manual_seed(0)
    plain = FastSpeech2(
        dataclasses.replace(SIZES, frame_pitch=False), MelConfig(), SYMBOLS, ("anna", "ben")
    ).eval()
    more = FastSpeech2(SIZES, MelConfig(), SYMBOLS, ("anna", "ben")).eval()
    more.load_state_dict(plain.state_dict(), strict=False)
    assert torch.equal(_say(plain).mels, _say(more).mels)


def test_losses_of_the_contour_leave_padding_out(model: FastSpeech2) -> None:
    durations = torch.tensor([[3, 4, 5, 2, 4, 3], [2, 3, 1, 0, 0, 0]])
    prosody = Prosody(durations, torch.zeros(2, 6), torch.zeros(2, 6))
    frames = int(durations.sum(dim=1).max())
    voicing = (torch.arange(frames) % 2).float().expand(2, -1)
    contour = Contour(torch.randn(2, frames), voicing)
    output = model(IDS, LENGTHS, WHO, prosody, contour)
    assert output.contour is not None
    perfect = output._replace(contour=Contour(contour.pitch, (voicing - 0.5) * 1e4))
    losses = fastspeech2_losses(perfect, output.mels, prosody, LENGTHS, contour)
    assert float(losses["contour"]) == float(losses["voicing"]) == 0.0
    beyond = torch.arange(frames)[None] >= durations.sum(dim=1)[:, None]
    away = output._replace(contour=output.contour._replace(pitch=contour.pitch + 9.0 * beyond))
    assert float(fastspeech2_losses(away, output.mels, prosody, LENGTHS, contour)["contour"]) == 0.0


def test_pitch_gain_widens_as_a_wider_pitch_range_does(model: FastSpeech2) -> None:
    one = torch.ones(2)
    asked = Controls(pace=one, pitch_semitones=0 * one, energy=one, pitch_range=1.4 * one)
    wide = model.predict(IDS, LENGTHS, WHO, asked).pitch
    plain = model.predict(IDS, LENGTHS, WHO, asked._replace(pitch_range=one)).pitch
    model.pitch_gain.fill_(1.4)
    gained = model.predict(IDS, LENGTHS, WHO, asked._replace(pitch_range=one)).pitch
    torch.testing.assert_close(gained, wide)
    assert gained[0].std() > plain[0].std()
