"""kan-bayashi/ParallelWaveGAN, MelGAN: `checkpoint-400000steps.pkl` beside `config.yml`.

The mean and scale of its mels are no part of the checkpoint but of `stats.h5` or `stats.npy`,
which stand beside it or are given as a second file.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from models.config import build
from models.errors import ConfigError
from models.importers import Imported
from models.importers.files import (
    ForeignFile,
    fill,
    only,
    raise_unless_empty,
    read_weights,
    tensors_at,
)
from models.importers.hifigan import hop_made_by
from models.importers.settings import find_settings, known, read_settings
from models.importers.statistics import SUFFIXES
from models.mel import MelConfig
from models.vocoders.melgan import MelGan, MelGanConfig


@dataclass(frozen=True)
class _Generator:
    """`generator_params`, with the defaults of the network; only what ours can be is allowed."""

    in_channels: int = 80
    out_channels: int = 1
    kernel_size: int = 7
    channels: int = 512
    bias: bool = True
    upsample_scales: tuple[int, ...] = (8, 8, 2, 2)
    stack_kernel_size: int = 3
    stacks: int = 3
    nonlinear_activation: str = "LeakyReLU"
    nonlinear_activation_params: dict[str, Any] = field(
        default_factory=lambda: {"negative_slope": 0.2}
    )
    pad: str = "ReflectionPad1d"
    use_final_nonlinear_activation: bool = True
    use_causal_conv: bool = False

    def __post_init__(self) -> None:
        for name, only_value in (
            ("out_channels", 1),
            ("bias", True),
            ("nonlinear_activation", "LeakyReLU"),
            ("pad", "ReflectionPad1d"),
            ("use_final_nonlinear_activation", True),
        ):
            if getattr(self, name) != only_value:
                raise ValueError(f"{name}: only {only_value} can be imported")


@dataclass(frozen=True)
class _Mel:
    """What `config.yml` says of the mels."""

    sampling_rate: int
    fft_size: int
    hop_size: int
    num_mels: int
    win_length: int | None = None  # None: fft_size
    fmin: float | None = None  # None: 0
    fmax: float | None = None
    window: str = "hann"
    log_base: float | None = 10.0  # None: the natural logarithm

    def __post_init__(self) -> None:
        if self.window != "hann":
            raise ValueError(f"window: {self.window}; only hann can be imported")
        if self.log_base not in (10.0, None):
            raise ValueError(f"log_base: {self.log_base}; only 10 and null can be imported")


def convert(files: Sequence[ForeignFile], config: Path | None) -> Imported:
    """The generator with the statistics of its mels; multi-band generators are refused."""
    statistics = [file for file in files if file.path.suffix in SUFFIXES]
    file = only([file for file in files if file.path.suffix not in SUFFIXES])
    path = find_settings(file.path, config, "config.yml", "config.yaml")
    settings = read_settings(path)
    if settings.get("generator_type") != "MelGANGenerator":
        found = settings.get("generator_type", "missing")
        raise ConfigError(f"{path}: generator_type: {found}; only MelGANGenerator can be imported")
    where = f"{path}: generator_params"
    network = known(_Generator, settings.get("generator_params"), where)
    sizes = build(MelGanConfig, _sizes(network), where)
    mel = mel_config(settings, str(path))
    hop, notes = hop_made_by(sizes.upsample_rates, mel.hop_length, path)
    mel = dataclasses.replace(mel, hop_length=hop, n_mels=network.in_channels)
    model = MelGan(sizes, mel)
    weights = tensors_at(file, "model.generator", "generator")
    fill(model, weights, melgan_names(model, "melgan", "stack", "skip_layer"), file.path)
    found = statistics or [read_weights(path) for path in _beside(file.path)]
    if not found:
        notes += (
            f"no stats.h5 or stats.npy beside {file.path.name}: this network expects mels of mean "
            "0 and scale 1 and will get them as they are; give the file as a second FILE",
        )
    for stats in found[:1]:
        _set_statistics(model, stats)
    step = file.content.get("steps")
    return Imported(
        "melgan", model, sizes, mel, step=step if isinstance(step, int) else 0, notes=notes
    )


def melgan_names(model: MelGan, root: str, block: str, shortcut: str) -> dict[str, str]:
    """The foreign name of each of our weights in a MelGAN that is one long `Sequential`.

    Between its layers stand activations and paddings, which have numbers but no weights; a
    causal layer holds its own padding.
    """
    causal = model.config.causal
    padding, conv, deconv = (0, ".conv", ".deconv") if causal else (1, "", "")
    index = padding
    modules = {"first.conv": f"{root}.{index}{conv}"}
    for position in range(len(model.upsamplings)):
        index += 2  # an activation stands before
        modules[f"upsamplings.{position}.conv"] = f"{root}.{index}{deconv}"
        for number in range(model.config.stacks):
            index += 1
            ours, theirs = f"stacks.{position}.{number}", f"{root}.{index}"
            modules[f"{ours}.dilated.conv"] = f"{theirs}.{block}.{1 + padding}{conv}"
            modules[f"{ours}.plain"] = f"{theirs}.{block}.{3 + padding}"
            modules[f"{ours}.shortcut"] = f"{theirs}.{shortcut}"
    modules["last.conv"] = f"{root}.{index + 2 + padding}{conv}"
    return {
        f"{ours}.{parameter}": f"{theirs}.{parameter}"
        for ours, theirs in modules.items()
        for parameter in ("weight", "bias")
    }


def _sizes(network: _Generator) -> dict[str, Any]:
    return {
        "channels": network.channels,
        "kernel_size": network.kernel_size,
        "upsample_rates": network.upsample_scales,
        "stack_kernel_size": network.stack_kernel_size,
        "stacks": network.stacks,
        "slope": network.nonlinear_activation_params.get("negative_slope", 0.01),
        "causal": network.use_causal_conv,
    }


def mel_config(mapping: Mapping[str, Any], where: str) -> MelConfig:
    """The mel that a `config.yml` describes."""
    settings = known(_Mel, mapping, where)
    fields = {
        "sample_rate": settings.sampling_rate,
        "n_fft": settings.fft_size,
        "hop_length": settings.hop_size,
        "win_length": settings.win_length or settings.fft_size,
        "n_mels": settings.num_mels,
        "f_min": settings.fmin or 0.0,
        "f_max": settings.fmax,
        "padding": "center",
        "magnitude_epsilon": 0.0,
        "log": "log10" if settings.log_base else "ln",
        "floor": 1e-10,
    }
    return build(MelConfig, fields, where)


def _beside(checkpoint: Path) -> list[Path]:
    candidates = (checkpoint.parent / f"stats{suffix}" for suffix in SUFFIXES)
    return [path for path in candidates if path.is_file()]


def _set_statistics(model: MelGan, stats: ForeignFile) -> None:
    buffers: dict[str, Tensor] = {"mean": model.mel_mean, "scale": model.mel_std}
    raise_unless_empty(
        stats.path,
        [
            f"{name} has {stats.content[name].numel()} values, expected {buffer.numel()}"
            for name, buffer in buffers.items()
            if stats.content[name].numel() != buffer.numel()
        ],
    )
    for name, buffer in buffers.items():
        buffer.copy_(stats.content[name][:, None])
