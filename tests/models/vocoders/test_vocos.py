import dataclasses

import pytest
import torch

from models.mel import LogMel, MelConfig
from models.vocoders.vocos import Vocos, VocosConfig

# The paper's network alone, without what this project adds.
PLAIN = VocosConfig(dim=16, hidden_dim=24, num_layers=2, mel_rounds=0, phase_iterations=0)
WHOLE = dataclasses.replace(PLAIN, mel_rounds=3, phase_iterations=4)


def _vocos(config: VocosConfig) -> Vocos:
    torch.manual_seed(0)
    return Vocos(config, MelConfig()).eval()


def _speech_like(num_frames: int) -> torch.Tensor:
    """The log-mel (2, 80, T) of two harmonic hums."""
    time_s = torch.arange(num_frames * 256) / 22050
    hums = [sum(torch.sin(6.283 * hz * k * time_s) / k for k in range(1, 9)) for hz in (130, 210)]
    return LogMel(MelConfig())(0.2 * torch.stack([torch.as_tensor(hum) for hum in hums]))


@pytest.mark.parametrize("config", [PLAIN, WHOLE])
@pytest.mark.parametrize("num_frames", [2, 7])
def test_every_frame_becomes_a_hop(config: VocosConfig, num_frames: int) -> None:
    wave = _vocos(config)(torch.randn(3, 80, num_frames))
    assert wave.shape == (3, num_frames * 256)
    assert wave.isfinite().all()


# Rounding grows where phases are sought: a bin without energy may turn either way.
@pytest.mark.parametrize(("config", "tolerance"), [(PLAIN, 1e-6), (WHOLE, 2e-3)])
def test_batch_equals_one_by_one(config: VocosConfig, tolerance: float) -> None:
    vocos, mels = _vocos(config), torch.randn(4, 80, 9) - 4
    with torch.no_grad():
        together = vocos(mels)
        alone = torch.cat([vocos(mel[None]) for mel in mels])
    assert (together - alone).abs().max() < tolerance * max(1.0, float(together.abs().max()))


def test_mel_rounds_bring_the_mel_that_was_asked_for() -> None:
    mels = _speech_like(20)
    errors = []
    for config in (PLAIN, dataclasses.replace(PLAIN, mel_rounds=5)):
        spectrum = _vocos(config).spectrum(mels)
        mel = (LogMel(MelConfig()).filters @ spectrum.abs()).clamp(min=1e-5).log()
        errors.append(float((mel - mels).abs().mean().detach()))
    plain, scaled = errors
    assert scaled < 0.3 < plain


def test_phase_iterations_make_the_spectrum_that_of_a_wave() -> None:
    mels = _speech_like(20)
    few, many = (
        float((LogMel(MelConfig())(_vocos(config)(mels)) - mels).abs().mean().detach())
        for config in (
            dataclasses.replace(WHOLE, phase_iterations=0),
            dataclasses.replace(WHOLE, phase_iterations=16),
        )
    )
    assert many < 0.8 * few


@pytest.mark.parametrize("config", [PLAIN, WHOLE])
def test_loss_falls(config: VocosConfig) -> None:
    vocos, log_mel = _vocos(config).train(), LogMel(MelConfig())
    target = _speech_like(16)
    optimizer = torch.optim.AdamW(vocos.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = (log_mel(vocos(target)) - target).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-3:]) < 0.85 * losses[0]


@pytest.mark.parametrize("config", [PLAIN, WHOLE])
def test_silence_and_loud_input_stay_finite(config: VocosConfig) -> None:
    for level in (-11.5129, 50.0):
        assert _vocos(config)(torch.full((1, 80, 5), level)).isfinite().all()


def test_exports_to_a_graph_for_any_length() -> None:
    vocos, length = _vocos(WHOLE), torch.export.Dim("T", min=4, max=4000)
    program = torch.export.export(vocos, (torch.randn(1, 80, 12),), dynamic_shapes=({2: length},))
    mels = torch.randn(1, 80, 29)
    torch.testing.assert_close(program.module()(mels), vocos(mels), atol=1e-3, rtol=0)


def test_sizes_must_be_positive() -> None:
    with pytest.raises(ValueError, match="dim: "):
        VocosConfig(num_layers=0)
