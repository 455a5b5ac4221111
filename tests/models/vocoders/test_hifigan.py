import dataclasses
from pathlib import Path

import pytest
import torch

from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.errors import ConfigError
from models.mel import LogMel, MelConfig
from models.vocoders.hifigan import V1, V2, V3, HifiGan, HifiGanConfig

MEL = MelConfig(n_fft=256, win_length=256, hop_length=64, n_mels=20)
TINY = HifiGanConfig(
    channels=16,
    upsample_rates=(8, 8),
    upsample_kernels=(16, 16),
    block_kernels=(3, 5),
    block_dilations=((1, 3), (1, 2)),
)
# Of waves of at most 1: kernels of other shapes round otherwise.
TOLERANCE = {"atol": 1e-5, "rtol": 1e-4}
TINY2 = dataclasses.replace(TINY, block="2")


@pytest.mark.parametrize("config", [TINY, TINY2])
def test_a_frame_becomes_a_hop(config: HifiGanConfig) -> None:
    wave = HifiGan(config, MEL)(torch.randn(3, 20, 11))
    assert wave.shape == (3, 11 * 64)
    assert wave.abs().max() <= 1


@pytest.mark.parametrize("config", [TINY, TINY2])
def test_batch_equals_one_by_one(config: HifiGanConfig) -> None:
    model, mels = HifiGan(config, MEL).eval(), torch.randn(3, 20, 9)
    together = model(mels)
    for row in range(3):
        torch.testing.assert_close(together[row], model(mels[row : row + 1])[0], **TOLERANCE)


def test_sizes_are_the_papers() -> None:
    millions = [
        sum(parameter.numel() for parameter in HifiGan(config, MelConfig()).parameters()) / 1e6
        for config in (V1, V2, V3)
    ]
    assert millions == pytest.approx([13.92, 0.92, 1.46], abs=0.01)  # table 1


def test_learns_a_tone() -> None:
    torch.manual_seed(0)
    model, log_mel = HifiGan(TINY, MEL), LogMel(MEL)
    wave = 0.4 * torch.sin(torch.arange(64 * 32) * 0.3)[None]
    mel = log_mel(wave)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(30):
        loss = (log_mel(model(mel)) - mel).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-3:]) < 0.75 * losses[0]


def test_checkpoint_gives_the_same_waveform(tmp_path: Path) -> None:
    model, mels = HifiGan(TINY2, MEL).eval(), torch.randn(1, 20, 6)
    info = CheckpointInfo(kind="hifigan", config=as_mapping(TINY2), mel=MEL)
    save_checkpoint(tmp_path / "voice", model, info)
    assert torch.equal(load_checkpoint(tmp_path / "voice").model(mels), model(mels))


def test_exported_program_speaks_any_length() -> None:
    model = HifiGan(TINY, MEL).eval()
    frames = torch.export.Dim("frames", min=2, max=500)
    program = torch.export.export(
        model, (torch.randn(1, 20, 8),), dynamic_shapes={"mels": {2: frames}}
    )
    mels = torch.randn(1, 20, 13)
    torch.testing.assert_close(program.module()(mels), model(mels), **TOLERANCE)


def test_traced_model_gives_the_same_waveform() -> None:
    model, mels = HifiGan(TINY2, MEL).eval(), torch.randn(2, 20, 7)
    traced = torch.jit.trace(model, mels)
    torch.testing.assert_close(traced(mels), model(mels), **TOLERANCE)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"upsample_kernels": (16,)}, "upsample_kernels"),
        ({"upsample_kernels": (16, 15)}, "upsample_kernels"),
        ({"block_kernels": (3, 4)}, "block_kernels"),
        ({"block_dilations": ((1,),)}, "block_dilations"),
        ({"channels": 2}, "channels"),
    ],
)
def test_impossible_sizes_are_refused(changed: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        dataclasses.replace(TINY, **changed)  # type: ignore[arg-type]


def test_rates_must_make_a_hop() -> None:
    with pytest.raises(ConfigError, match=r"8 x 8 make 64 samples .*hop_length is 128"):
        HifiGan(TINY, dataclasses.replace(MEL, hop_length=128))
