import dataclasses
from pathlib import Path

import pytest
import torch

from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.errors import ConfigError
from models.losses import MultiResolutionStft, StftLossConfig
from models.mel import LogMel, MelConfig
from models.vocoders.melgan import MelGan, MelGanConfig

MEL = MelConfig(n_fft=256, win_length=256, hop_length=60, n_mels=20)
TINY = MelGanConfig(channels=16, upsample_rates=(5, 12), stacks=2)
CAUSAL = dataclasses.replace(TINY, causal=True)


@pytest.mark.parametrize("config", [TINY, CAUSAL])
def test_a_frame_becomes_a_hop(config: MelGanConfig) -> None:
    wave = MelGan(config, MEL)(torch.randn(3, 20, 12))
    assert wave.shape == (3, 12 * 60)
    assert wave.abs().max() <= 1


def test_batch_equals_one_by_one() -> None:
    model, mels = MelGan(TINY, MEL).eval(), torch.randn(3, 20, 9)
    together = model(mels)
    for row in range(3):
        torch.testing.assert_close(
            together[row], model(mels[row : row + 1])[0], atol=1e-5, rtol=1e-4
        )


def test_causal_model_does_not_look_ahead() -> None:
    torch.manual_seed(0)
    mels = torch.randn(1, 20, 16)
    changed = mels.clone()
    changed[:, :, 10:] = 3.0
    for config, is_blind in ((CAUSAL, True), (TINY, False)):
        model = MelGan(config, MEL).eval()
        before, after = model(mels)[:, : 10 * 60], model(changed)[:, : 10 * 60]
        assert torch.equal(before, after) is is_blind


def test_mels_are_normalized_inside() -> None:
    model, mels = MelGan(TINY, MEL).eval(), torch.randn(1, 20, 9)
    expected = model(mels)
    model.mel_mean.fill_(-2.0)
    model.mel_std.fill_(0.5)
    torch.testing.assert_close(model(mels * 0.5 - 2.0), expected, atol=1e-5, rtol=1e-4)


def test_learns_a_tone() -> None:
    torch.manual_seed(0)
    model, log_mel = MelGan(TINY, MEL), LogMel(MEL)
    distance = MultiResolutionStft(StftLossConfig((256,), (64,), (256,)))
    wave = 0.4 * torch.sin(torch.arange(60 * 32) * 0.3)[None]
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(40):
        loss = distance(model(log_mel(wave)), wave)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-3:]) < 0.8 * losses[0]


def test_checkpoint_gives_the_same_waveform(tmp_path: Path) -> None:
    model, mels = MelGan(TINY, MEL).eval(), torch.randn(1, 20, 6)
    model.mel_mean.fill_(-1.0)
    save_checkpoint(
        tmp_path / "voice", model, CheckpointInfo(kind="melgan", config=as_mapping(TINY), mel=MEL)
    )
    assert torch.equal(load_checkpoint(tmp_path / "voice").model(mels), model(mels))


def test_exported_program_gives_the_same_waveform() -> None:
    model, mels = MelGan(TINY, MEL).eval(), torch.randn(1, 20, 8)
    program = torch.export.export(model, (mels,))
    torch.testing.assert_close(program.module()(mels), model(mels), atol=1e-5, rtol=1e-4)


def test_rates_must_make_a_hop() -> None:
    with pytest.raises(ConfigError, match=r"5 x 12 make 60 samples"):
        MelGan(TINY, dataclasses.replace(MEL, hop_length=64))
