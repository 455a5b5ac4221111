import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.mel import LogMel, MelConfig
from models.training.measured import pitch_of
from models.vocoders.harmonic import Harmonic, HarmonicConfig, fill_pitch

MEL = MelConfig()
SMALL = HarmonicConfig(dim=16, hidden_dim=24, num_layers=2, knots=24, pitch_dim=8, pitch_layers=2)


def _harmonic(config: HarmonicConfig = SMALL, mel: MelConfig = MEL) -> Harmonic:
    torch.manual_seed(0)
    return Harmonic(config, mel).eval()


def _hum(pitch_hz: float, num_frames: int) -> torch.Tensor:
    """The log-mel (1, 80, T) of a harmonic hum."""
    time_s = torch.arange(num_frames * 256) / 22050
    wave = sum(torch.sin(2 * math.pi * pitch_hz * k * time_s) / k for k in range(1, 9))
    return LogMel(MEL)(0.1 * torch.as_tensor(wave)[None])


@pytest.mark.parametrize("num_frames", [2, 7])
@pytest.mark.parametrize("told", [True, False])
def test_every_frame_becomes_a_hop(num_frames: int, told: bool) -> None:
    pitch_hz = torch.full((3, num_frames), 120.0) if told else None
    wave = _harmonic()(torch.randn(3, 80, num_frames) - 4, pitch_hz)
    assert wave.shape == (3, num_frames * 256)
    assert wave.isfinite().all()


def test_an_item_of_a_batch_comes_out_as_it_would_alone() -> None:
    model, mels = _harmonic(), torch.randn(3, 80, 20) - 4
    pitch_hz = torch.tensor([100.0, 150.0, 0.0])[:, None].expand(3, 20)
    with torch.no_grad():
        together = model(mels, pitch_hz, seeds=[4, 5, 6])
        alone = [
            model(mels[row : row + 1], pitch_hz[row : row + 1], seeds=[4 + row]) for row in range(3)
        ]
    # Rounding grows where phases are sought: a bin without energy may turn either way.
    assert (together - torch.cat(alone)).abs().max() < 2e-3 * together.abs().max()


def test_what_follows_an_item_does_not_reach_back() -> None:
    model, mels = _harmonic(), torch.randn(1, 80, 200) - 4
    pitch_hz = torch.full((1, 200), 130.0)
    with torch.no_grad():
        longer, shorter = model(mels, pitch_hz), model(mels[..., :100], pitch_hz[:, :100])
    kept = 60 * 256
    assert (longer[:, :kept] - shorter[:, :kept]).abs().max() < 2e-3 * longer.abs().max()


@pytest.mark.parametrize("pitch_hz", [85.0, 140.0, 240.0])
def test_the_pitch_asked_is_the_pitch_heard(pitch_hz: float) -> None:
    frames = 60
    with torch.no_grad():
        wave = _harmonic()(_hum(pitch_hz, frames), torch.full((1, frames), pitch_hz))[0].numpy()
    result = pitch_of(wave, MEL)
    voiced = result[result > 0]
    assert len(voiced) > 0.8 * frames
    assert abs(1200 * math.log2(float(np.median(voiced)) / pitch_hz)) < 10


def test_a_glide_is_followed() -> None:
    frames = 80
    asked = torch.linspace(100, 180, frames)[None]
    with torch.no_grad():
        result = pitch_of(_harmonic()(_hum(140, frames), asked)[0].numpy(), MEL)
    middle = slice(10, frames - 10)
    voiced = result[middle] > 0
    cents = 1200 * np.log2(result[middle][voiced] / asked[0, middle].numpy()[voiced])
    assert voiced.mean() > 0.8
    assert np.median(np.abs(cents)) < 30


def test_a_pulse_train_has_the_power_of_white_noise() -> None:
    model = _harmonic()
    for pitch_hz in (90.0, 250.0):
        pulses = model.pulses(torch.full((1, 100), pitch_hz))
        assert float(pulses.square().mean()) == pytest.approx(1.0, rel=0.1)


def test_the_same_seed_is_the_same_waveform() -> None:
    model, mels, pitch_hz = _harmonic(), _hum(120, 20), torch.zeros(1, 20)
    with torch.no_grad():
        first = model(mels, pitch_hz, seeds=[3])
        torch.manual_seed(99)
        assert torch.equal(first, model(mels, pitch_hz, seeds=[3]))
        assert not torch.allclose(first, model(mels, pitch_hz, seeds=[4]), atol=1e-3)


@pytest.mark.parametrize("mel_rounds", [0, 2])
def test_silence_and_loud_input_stay_finite(mel_rounds: int) -> None:
    model = _harmonic(dataclasses.replace(SMALL, mel_rounds=mel_rounds))
    for level in (MEL.silence, 50.0):
        assert model(torch.full((1, 80, 5), level)).isfinite().all()


def test_holding_to_the_mel_brings_the_mel_that_was_asked_for() -> None:
    mels, pitch_hz = _hum(140, 30), torch.full((1, 30), 140.0)
    errors = []
    for rounds in (0, 4):
        model = _harmonic(dataclasses.replace(SMALL, mel_rounds=rounds))
        with torch.no_grad():
            errors.append(float((LogMel(MEL)(model(mels, pitch_hz)) - mels).abs().mean()))
    free, held = errors
    assert held < 0.6 * free


def test_pitch_is_bridged_where_no_voice_is() -> None:
    bridged = fill_pitch(torch.tensor([[0.0, 100, 0, 0, 0, 400, 0], [0.0] * 7]))
    expected = [100, 100, 141.42, 200, 282.84, 400, 400]
    torch.testing.assert_close(bridged[0], torch.tensor(expected), atol=0.01, rtol=0)
    assert bridged[1].unique().numel() == 1


def test_a_checkpoint_gives_the_same_waveform(tmp_path: Path) -> None:
    model, mels = _harmonic(), _hum(120, 10)
    save_checkpoint(tmp_path, model, CheckpointInfo("harmonic", as_mapping(SMALL), MEL))
    with torch.no_grad():
        assert torch.equal(load_checkpoint(tmp_path).model(mels), model(mels))


@pytest.mark.parametrize(
    ("sizes", "key"), [({"knots": 2}, "knots"), ({"dim": 0}, "dim"), ({"mel_rounds": -1}, "rounds")]
)
def test_sizes_that_cannot_be(sizes: dict[str, int], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        HarmonicConfig(**sizes)
