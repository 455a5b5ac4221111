"""descriptinc/melgan-neurips: `best_netG.pt` or `multi_speaker.pt` beside `args.yml`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.config import build
from models.importers import Imported
from models.importers.files import ForeignFile, fill, only, tensors_at
from models.importers.parallelwavegan_melgan import melgan_names
from models.importers.settings import find_settings, known, read_settings
from models.mel import MelConfig
from models.vocoders.melgan import MelGan, MelGanConfig

_RATES = (8, 8, 2, 2)  # fixed in the public code, as all of `Audio2Mel` is


@dataclass(frozen=True)
class _Settings:
    """What `args.yml` says of the generator."""

    n_mel_channels: int
    ngf: int  # channels after the last upsampling
    n_residual_layers: int


def convert(files: Sequence[ForeignFile], config: Path | None) -> Imported:
    """The generator, which is that of ParallelWaveGAN under other names."""
    file = only(files)
    path = find_settings(file.path, config, "args.yml", "args.yaml")
    settings = known(_Settings, read_settings(path), str(path))
    sizes = build(
        MelGanConfig,
        {
            "channels": settings.ngf * 2 ** len(_RATES),
            "upsample_rates": _RATES,
            "stacks": settings.n_residual_layers,
        },
        str(path),
    )
    mel = build(
        MelConfig,
        {
            "n_mels": settings.n_mel_channels,
            "f_max": None,
            "magnitude_epsilon": 0.0,
            "log": "log10",
        },
        str(path),
    )
    model = MelGan(sizes, mel)
    fill(model, tensors_at(file), melgan_names(model, "model", "block", "shortcut"), file.path)
    return Imported("melgan", model, sizes, mel)
