import pytest
import torch

from models.mel import LogMel, MelConfig
from models.vocoders.griffin_lim import GriffinLim, GriffinLimConfig


@pytest.mark.parametrize("num_frames", [4, 11])
def test_every_frame_becomes_a_hop(num_frames: int) -> None:
    model = GriffinLim(GriffinLimConfig(iterations=2), MelConfig())
    assert model(torch.full((2, 80, num_frames), -6.0)).shape == (2, num_frames * 256)


def test_rebuilds_a_tone_where_it_was() -> None:
    config = MelConfig()
    wave = torch.sin(6.283 * 440 * torch.arange(10240) / config.sample_rate) * 0.4
    wave[:5120] = 0.0
    mel = LogMel(config)(wave[None])
    rebuilt = GriffinLim(GriffinLimConfig(), config)(mel)
    error = (LogMel(config)(rebuilt) - mel)[:, :, 22:38].abs().mean()
    assert float(error) < 0.5
    assert float(rebuilt[0, :4096].square().mean()) < 1e-3 * float(
        rebuilt[0, 6000:9000].square().mean()
    )


def test_same_mel_same_wave() -> None:
    mel = torch.randn(1, 80, 6) - 5
    first, second = (GriffinLim(GriffinLimConfig(4), MelConfig())(mel) for _ in range(2))
    assert torch.equal(first, second)
