"""A MelNet small enough to make in a moment."""

from pathlib import Path

import torch

from models.checkpoint import CheckpointInfo, save_checkpoint
from models.config import as_mapping
from models.mel import MelConfig
from models.melnet.network import MelNet, MelNetConfig

UNIT_MEL = MelConfig(log="db", scaling="unit", ref_level_db=0.0)
SIZES = MelNetConfig(layers=(3, 2, 2), hidden_dim=6, mixtures=3, data="tiny")


def tiny_melnet(seed: int = 0, mel: MelConfig = UNIT_MEL) -> MelNet:
    torch.manual_seed(seed)
    return MelNet(SIZES, mel).eval()


def save_tiny_melnet(folder: Path, seed: int = 0, mel: MelConfig = UNIT_MEL) -> Path:
    """Write an untrained MelNet of three tiers; returns its folder."""
    info = CheckpointInfo(
        kind="melnet",
        config=as_mapping(SIZES),
        mel=mel,
        licence="CC0-1.0",
        trained_on=("nothing",),
    )
    save_checkpoint(folder, tiny_melnet(seed, mel), info)
    return folder
