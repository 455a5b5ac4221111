"""Tiers of a MelNet with random weights."""

import dataclasses

import torch
from torch import Tensor

from models.melnet.network import MelNetConfig, Tier, make_tier
from tests.tiny_melnet import SIZES, UNIT_MEL

MEL = dataclasses.replace(UNIT_MEL, n_mels=8)


def tier_of(number: int, config: MelNetConfig = SIZES) -> Tier:
    """A tier with random first states, as a trained one has them."""
    torch.manual_seed(number)
    tier = make_tier(config, MEL, number)
    for name, parameter in tier.named_parameters():
        if name.endswith(".start"):
            torch.nn.init.normal_(parameter, std=0.5)
    return tier.eval()


def coarse_grid(tier: Tier, number: int, batch: int, frames: int) -> Tensor | None:
    return None if number == 1 else torch.rand(batch, tier.bands, frames)
