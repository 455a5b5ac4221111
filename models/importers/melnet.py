"""jgarciapueyo/MelNet-SpeechGeneration: one file a tier, `tierN_..._final.pt`, and the training's
YAML. The files carry a pickled class, which is read as data (models/importers/inert.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.errors import CheckpointError, ConfigError
from models.importers import Imported
from models.importers.files import ForeignFile, fill, raise_unless_empty, tensors_at
from models.importers.settings import find_settings, known, read_settings
from models.mel import MelConfig
from models.melnet.network import MelNet, MelNetConfig, Tier

_INPUTS = {
    "time_input": "W_t_0",
    "frequency_input": "W_f_0",
    "central_input": "W_c_0",
    "time_condition": "W_t_z",
    "frequency_condition": "W_f_z",
}
_LAYER = {
    "time": "rnn_t_l_forwardtime",
    "up": "rnn_t_l_forwardfreq",
    "down": "rnn_t_l_backwardfreq",
    "frequency": "rnn_f_l",
    "central": "rnn_c_l",
    "mix_time": "W_t_l",
    "mix_frequency": "W_f_l",
    "mix_central": "W_c_l",
}
_STARTS = {"time": "forwardtime", "up": "forwardfreq", "frequency": "freq", "central": "central"}
_NOTE = (
    "its decibels are those of the power in a band, ours of the amplitude: real spectrograms to "
    "be upsampled must be made its way, and what it draws sounds a little off in our vocoders"
)


@dataclass(frozen=True)
class _Network:
    """The YAML's `network`."""

    n_tiers: int
    layers: tuple[int, ...]
    hidden_size: int
    gmm_size: int


@dataclass(frozen=True)
class _Audio:
    """The YAML's `audio`."""

    sample_rate: int
    n_fft: int
    mel_channels: int
    hop_length: int
    win_length: int
    ref_level_db: float
    min_level_db: float


def convert(files: Sequence[ForeignFile], config: Path | None) -> Imported:
    """All tiers: a file for each, in any order, or one that holds `tiers.0` and so on."""
    sizes, mel = read_sizes(files[0], config)
    model = MelNet(sizes, mel)
    for tier, (where, weights) in enumerate(_by_tier(files, sizes.num_tiers), start=1):
        fill_tier(model.tier(tier), weights, where)
    return Imported("melnet", model, sizes, mel, notes=(_NOTE,))


def read_sizes(file: ForeignFile, config: Path | None) -> tuple[MelNetConfig, MelConfig]:
    """What the training's YAML says, or where none is given, the settings inside the file."""
    settings, where = _settings(file, config)
    network = known(_Network, settings.get("network"), f"{where}: network")
    audio = known(_Audio, settings.get("audio"), f"{where}: audio")
    if len(network.layers) < network.n_tiers:
        raise ConfigError(f"{where}: network.layers: {network.n_tiers} numbers are needed")
    return _sizes(settings, network, where), _mel(audio, where)


def fill_tier(tier: Tier, weights: dict[str, Tensor], where: Path | str) -> None:
    """Load a file's weights. Raises `CheckpointError` naming what does not fit."""
    wrapped = ".module" if any(".module." in name for name in weights) else ""
    names = {ours: _name(ours, wrapped) for ours in tier.state_dict()}
    unused = [
        f"layers.{layer + 1}{wrapped}.{part}_state_backwardfreq"
        for layer in range(len(tier.layers))
        for part in ("hidden", "cell")
    ]
    fill(tier, _joined(weights, names, where), names, where, unused)


def _settings(file: ForeignFile, config: Path | None) -> tuple[Mapping[str, Any], str]:
    """The training's settings and where they are from: the file itself carries them as `hp`."""
    carried = file.content.get("hp")
    if config is None and isinstance(carried, Mapping) and {"network", "audio"} <= carried.keys():
        return carried, f"{file.path}: hp"
    path = find_settings(file.path, config, "config.yml", "config.yaml")
    return read_settings(path), str(path)


def _sizes(settings: Mapping[str, Any], network: _Network, where: str) -> MelNetConfig:
    try:
        return MelNetConfig(
            layers=network.layers[: network.n_tiers],
            hidden_dim=network.hidden_size,
            mixtures=network.gmm_size,
            data=str(settings.get("name", "speech")),
            centre=0.0,
            gain=1.0,
            public_quirks=True,
        )
    except ValueError as error:
        raise ConfigError(f"{where}: network: {error}") from None


def _mel(audio: _Audio, where: str) -> MelConfig:
    """torchaudio's MelSpectrogram, brought to [0, 1]."""
    try:
        return MelConfig(
            sample_rate=audio.sample_rate,
            n_fft=audio.n_fft,
            hop_length=audio.hop_length,
            win_length=audio.win_length,
            n_mels=audio.mel_channels,
            f_min=0.0,
            f_max=None,
            mel_scale="htk",
            mel_norm="none",
            padding="center",
            magnitude_epsilon=0.0,
            log="db",
            scaling="unit",
            ref_level_db=audio.ref_level_db,
            min_level_db=audio.min_level_db,
        )
    except ValueError as error:
        raise ConfigError(f"{where}: audio: {error}") from None


def _by_tier(files: Sequence[ForeignFile], count: int) -> list[tuple[str, dict[str, Tensor]]]:
    """Where every tier is from, and its weights, the first tier first."""
    if len(files) == 1 and count > 1:
        return _in_one_file(files[0], [f"tiers.{tier}" for tier in range(count)])
    found = {_tier_of(file, files): (str(file.path), tensors_at(file, "tier")) for file in files}
    missing = [str(tier) for tier in range(1, count + 1) if tier not in found]
    if missing or len(files) != count:
        lacking = f"tier {', '.join(missing)} missing" if missing else "a tier was given twice"
        raise CheckpointError(
            f"{files[0].path}: {count} tiers need as many files, {len(files)} were given; {lacking}"
        )
    return [found[tier] for tier in range(1, count + 1)]


def _in_one_file(
    file: ForeignFile, locations: Sequence[str]
) -> list[tuple[str, dict[str, Tensor]]]:
    extra = [
        f"{name} not expected"
        for name, value in file.content.items()
        if isinstance(value, Tensor) and not str(name).startswith(tuple(f"{p}." for p in locations))
    ]
    raise_unless_empty(file.path, extra)
    return [(f"{file.path}: {location}", tensors_at(file, location)) for location in locations]


def _tier_of(file: ForeignFile, files: Sequence[ForeignFile]) -> int:
    """From 1: as the file says, else its place among those given."""
    given = file.content.get("tier_idx")
    return int(given) if given is not None else files.index(file) + 1


def _name(ours: str, wrapped: str) -> str:
    """Our `layers.0.up.lstm.X` is their `layers.1.module.rnn_t_l_forwardfreq.X`."""
    first, _, rest = ours.partition(".")
    if first == "to_mixture":
        return f"W_theta.{rest}"
    if first == "features":
        return f"feature_extraction{wrapped}.rnn_{rest}"
    if first != "layers":
        return f"layers.0{wrapped}.{_INPUTS[first]}.{rest}"
    index, part, *parameter = rest.split(".")
    layer = f"layers.{int(index) + 1}{wrapped}"
    if parameter == ["start"]:
        return f"{layer}.hidden_state_{_STARTS[part]}"
    return ".".join([layer, _LAYER[part], parameter[-1]])


def _joined(
    weights: Mapping[str, Tensor], names: Mapping[str, str], where: Path | str
) -> dict[str, Tensor]:
    """Their weights in our shapes: a first hidden and cell state (1, 1, D) each are one (2, D), a
    line from one number (D, 1) is (D).
    """
    joined = dict(weights)
    problems = []
    for ours, theirs in names.items():
        if ours.endswith(".start") and theirs in joined:
            cell = joined.pop(theirs.replace("hidden_state", "cell_state"), None)
            if cell is None:
                problems.append(f"{theirs.replace('hidden_state', 'cell_state')} missing")
            elif cell.numel() == joined[theirs].numel():
                joined[theirs] = torch.stack([joined[theirs].flatten(), cell.flatten()])
        elif ours in ("time_input.weight", "frequency_input.weight") and theirs in joined:
            joined[theirs] = joined[theirs].squeeze(-1)
    raise_unless_empty(where, problems)
    return joined
