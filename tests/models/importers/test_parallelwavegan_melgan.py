"""MelGANs of every shape that a `config.yml` can ask for, against a network put together here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn
from torch.nn.utils import weight_norm

from models.errors import VoxloomError
from models.importers import import_files

BANDS, CHANNELS, KERNEL, SLOPE, STACKS = 6, 16, 5, 0.1, 2
PARAMS: dict[str, Any] = {
    "in_channels": BANDS,
    "out_channels": 1,
    "kernel_size": KERNEL,
    "channels": CHANNELS,
    "upsample_scales": [3, 2],
    "stack_kernel_size": 3,
    "stacks": STACKS,
    "nonlinear_activation_params": {"negative_slope": SLOPE},
    "use_weight_norm": True,
    "use_causal_conv": False,
}
CONFIG: dict[str, Any] = {
    "sampling_rate": 16000,
    "fft_size": 64,
    "hop_size": 6,
    "win_length": None,
    "num_mels": BANDS,
    "fmin": None,
    "fmax": None,
    "generator_type": "MelGANGenerator",
    "generator_params": PARAMS,
    "version": "0.5.4",
}


class CausalConv(nn.Module):
    """Padded on both sides, and cut to what does not look ahead, as the public layer does it."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad1d((kernel - 1) * dilation)
        self.conv = nn.Conv1d(channels_in, channels_out, kernel, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.pad(x))[:, :, : x.shape[2]]


class CausalUpsampling(nn.Module):
    def __init__(self, channels: int, rate: int) -> None:
        super().__init__()
        self.rate = rate
        self.deconv = nn.ConvTranspose1d(channels, channels // 2, 2 * rate, rate)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([x[:, :, :1], x], dim=2)
        return self.deconv(x)[:, :, self.rate : -self.rate]


class Stack(nn.Module):
    def __init__(self, channels: int, dilation: int, causal: bool) -> None:
        super().__init__()
        first = _convolution(channels, channels, 3, dilation, causal)
        activations = nn.LeakyReLU(SLOPE), nn.LeakyReLU(SLOPE)
        plain = nn.Conv1d(channels, channels, 1)
        self.stack = nn.Sequential(activations[0], *first, activations[1], plain)
        self.skip_layer = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.stack(x) + self.skip_layer(x)


class Generator(nn.Module):
    """Layers in the public order, so that their numbers are the public ones."""

    def __init__(self, rates: list[int], causal: bool, normed: bool) -> None:
        super().__init__()
        layers = _convolution(BANDS, CHANNELS, KERNEL, 1, causal)
        channels = CHANNELS
        for rate in rates:
            sides = {"padding": rate // 2 + rate % 2, "output_padding": rate % 2}
            layers += [
                nn.LeakyReLU(SLOPE),
                CausalUpsampling(channels, rate)
                if causal
                else nn.ConvTranspose1d(channels, channels // 2, 2 * rate, rate, **sides),
            ]
            channels //= 2
            layers += [Stack(channels, 3**power, causal) for power in range(STACKS)]
        layers += [nn.LeakyReLU(SLOPE), *_convolution(channels, 1, KERNEL, 1, causal), nn.Tanh()]
        self.melgan = nn.Sequential(*layers)
        for module in self.modules():
            if normed and isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
                weight_norm(module)

    def forward(self, mels: Tensor) -> Tensor:
        wave: Tensor = self.melgan(mels)
        return wave.squeeze(1)


def _convolution(
    channels_in: int, channels_out: int, kernel: int, dilation: int, causal: bool
) -> list[nn.Module]:
    if causal:
        return [CausalConv(channels_in, channels_out, kernel, dilation)]
    return [
        nn.ReflectionPad1d((kernel - 1) // 2 * dilation),
        nn.Conv1d(channels_in, channels_out, kernel, dilation=dilation),
    ]


def _write(tmp_path: Path, network: nn.Module, **changed: Any) -> Path:
    config = CONFIG | {"generator_params": PARAMS | changed}
    (tmp_path / "config.yml").write_text(yaml.dump(config))
    path = tmp_path / "checkpoint-7steps.pkl"
    torch.save({"model": {"generator": network.state_dict()}, "steps": 7}, path)
    return path


@pytest.mark.parametrize("normed", [True, False])
@pytest.mark.parametrize("rates", [[3, 2], [2, 2, 5]])
@pytest.mark.parametrize("causal", [False, True])
@torch.inference_mode()
def test_every_form_speaks_as_it_did(
    tmp_path: Path, rates: list[int], causal: bool, normed: bool
) -> None:
    torch.manual_seed(0)
    theirs = Generator(rates, causal, normed)
    path = _write(tmp_path, theirs, upsample_scales=rates, use_causal_conv=causal)
    imported = import_files("parallelwavegan-melgan", [path])
    mels = torch.randn(2, BANDS, 12)
    torch.testing.assert_close(imported.model(mels), theirs(mels), atol=1e-4, rtol=1e-4)
    assert imported.step == 7
    assert imported.mel.hop_length == torch.tensor(rates).prod()
    assert any("hop_size is 6" in note for note in imported.notes) == (rates != [3, 2])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"out_channels": 4}, "generator_params: out_channels: only 1 can be imported"),
        ({"pad": "ConstantPad1d"}, "pad: only ReflectionPad1d"),
        ({"bias": False}, "bias: only True"),
        ({"kernel_size": 4}, "kernels must be odd"),
        ({"channels": 32}, r"melgan.1.weight_g has shape \(16, 1, 1\), expected \(32, 1, 1\)"),
        ({"stacks": 3}, "melgan.8.weight_g missing"),
        ({"use_causal_conv": True}, "melgan.0.conv.weight_g missing"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    path = _write(tmp_path, Generator([3, 2], causal=False, normed=True), **changed)
    with pytest.raises(VoxloomError, match=message):
        import_files("parallelwavegan-melgan", [path])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"generator_type": "ParallelWaveGANGenerator"}, "only MelGANGenerator can be imported"),
        ({"window": "hamming"}, "window: hamming; only hann"),
        ({"log_base": 2.0}, "log_base: 2.0; only 10"),
        ({"generator_params": None}, "generator_params: expected a section"),
        ({"sampling_rate": None}, "sampling_rate: expected a whole number"),
    ],
)
def test_other_configs_are_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    path = _write(tmp_path, Generator([3, 2], causal=False, normed=True))
    (tmp_path / "config.yml").write_text(yaml.dump(CONFIG | changed))
    with pytest.raises(VoxloomError, match=message):
        import_files("parallelwavegan-melgan", [path])


def test_statistics_must_have_every_band(tmp_path: Path) -> None:
    path = _write(tmp_path, Generator([3, 2], causal=False, normed=True))
    np.save(tmp_path / "other.npy", np.ones((2, BANDS + 1)))
    with pytest.raises(VoxloomError, match=r"other.npy: .*mean has 7 values, expected 6"):
        import_files("parallelwavegan-melgan", [path, tmp_path / "other.npy"])
