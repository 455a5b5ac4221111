"""jik876/hifi-gan: `generator_v1` or `g_02500000` beside `config.json`."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.config import build
from models.importers import Imported
from models.importers.files import ForeignFile, fill, only, tensors_at
from models.importers.settings import find_settings, known, read_settings
from models.mel import MelConfig
from models.vocoders.hifigan import HifiGan, HifiGanConfig

_OUTER = {"first": "conv_pre", "upsamplings": "ups", "last": "conv_post"}
_LAYERS = {"1": {"dilated": "convs1", "plain": "convs2"}, "2": {"dilated": "convs"}}


@dataclass(frozen=True)
class _Mel:
    """What `config.json` says of the mels."""

    num_mels: int
    n_fft: int
    hop_size: int
    win_size: int
    sampling_rate: int
    fmin: float
    fmax: float | None


@dataclass(frozen=True)
class _Generator:
    """What `config.json` says of the generator."""

    resblock: str | int
    upsample_rates: tuple[int, ...]
    upsample_kernel_sizes: tuple[int, ...]
    upsample_initial_channel: int
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if str(self.resblock) not in ("1", "2"):
            raise ValueError(f"resblock: {self.resblock!r} is not 1 or 2")


def convert(files: Sequence[ForeignFile], config: Path | None) -> Imported:
    """A generator; the file of discriminators is refused."""
    file = only(files)
    path = find_settings(file.path, config, "config.json")
    settings = read_settings(path)
    weights = tensors_at(file, "generator")
    sizes = _sizes(known(_Generator, settings, str(path)), str(path))
    mel = mel_config(settings, str(path))
    hop, notes = hop_made_by(sizes.upsample_rates, mel.hop_length, path)
    mel = dataclasses.replace(mel, hop_length=hop)
    model = HifiGan(sizes, mel)
    names = {ours: _name(ours, sizes) for ours in model.state_dict()}
    fill(model, weights, names, file.path)
    return Imported("hifigan", model, sizes, mel, notes=notes)


def hop_made_by(rates: Sequence[int], written: int, path: Path) -> tuple[int, tuple[str, ...]]:
    """How many samples upsampling makes of a frame, and a note where the config disagrees."""
    hop = math.prod(rates)
    if hop == written:
        return hop, ()
    return hop, (f"{path}: hop_size is {written}, but the network makes {hop} samples of a frame",)


def _sizes(settings: _Generator, where: str) -> HifiGanConfig:
    sizes = {
        "channels": settings.upsample_initial_channel,
        "upsample_rates": settings.upsample_rates,
        "upsample_kernels": settings.upsample_kernel_sizes,
        "block": str(settings.resblock),
        "block_kernels": settings.resblock_kernel_sizes,
        "block_dilations": settings.resblock_dilation_sizes,
    }
    return build(HifiGanConfig, sizes, where)


def mel_config(mapping: Mapping[str, Any], where: str) -> MelConfig:
    """The mel that a `config.json` describes."""
    settings = known(_Mel, mapping, where)
    fields = {
        "sample_rate": settings.sampling_rate,
        "n_fft": settings.n_fft,
        "hop_length": settings.hop_size,
        "win_length": settings.win_size,
        "n_mels": settings.num_mels,
        "f_min": settings.fmin,
        "f_max": settings.fmax,
    }
    return build(MelConfig, fields, where)


def _name(ours: str, sizes: HifiGanConfig) -> str:
    """Our `fusions.1.blocks.2.dilated.0.bias` is their `resblocks.5.convs1.0.bias`."""
    first, _, rest = ours.partition(".")
    if first != "fusions":
        return f"{_OUTER[first]}.{rest}"
    fusion, _, block, layers, *parameter = rest.split(".")
    index = int(fusion) * len(sizes.block_kernels) + int(block)
    return ".".join(["resblocks", str(index), _LAYERS[sizes.block][layers], *parameter])
