"""Drawing spectrograms from a MelNet, many at once (arXiv 1906.01083, section 6.2).

The LSTMs that run along time keep their states from frame to frame, so a frame costs the same
wherever it lies, and the whole grows linearly with the number of frames.

B batch, T frames, F bands, D hidden size, K mixture components.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from models.errors import ConfigError
from models.melnet.network import MelNet, Mixture, Tier
from models.melnet.tiers import frame_factor, frames_of, interleave, split


class Draw(Protocol):
    """How a pixel's value comes out of its mixture."""

    def noise(self, num_frames: int, bands: int, mixtures: int) -> Tensor:
        """All that is random about one tier: (T, F, B, anything)."""

    def __call__(self, mixture: Mixture, noise: Tensor) -> Tensor:
        """Values (B,) from a mixture (B, K) and the pixel's (B, anything)."""


@dataclass(frozen=True, slots=True)
class RandomDraw:
    """A draw from the mixture, cut to [0, 1]. One generator a clip: a clip comes out the same
    whatever is drawn beside it.

    A `temperature` below 1 keeps to what is likely: it sharpens the weights and narrows every
    component.
    """

    generators: Sequence[torch.Generator]
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.temperature <= 2:
            raise ConfigError(f"temperature: above 0 and up to 2, found {self.temperature}")

    @classmethod
    def seeded(cls, seeds: Sequence[int], temperature: float = 1.0) -> "RandomDraw":
        return cls([torch.Generator().manual_seed(seed) for seed in seeds], temperature)

    def noise(self, num_frames: int, bands: int, mixtures: int) -> Tensor:
        """Gumbel noise for the K weights, normal noise for the value: (T, F, B, K + 1)."""
        drawn = []
        for generator in self.generators:
            clip = torch.rand(num_frames, bands, mixtures + 1, generator=generator)
            clip = clip.clamp(1e-7, 1 - 1e-7)
            gumbel, normal = -(-clip[..., :-1].log()).log(), torch.special.ndtri(clip[..., -1:])
            drawn.append(torch.cat([gumbel, normal], dim=-1))
        return torch.stack(drawn, dim=2)

    def __call__(self, mixture: Mixture, noise: Tensor) -> Tensor:
        logits = mixture.logits / self.temperature + noise[:, :-1]
        chosen = logits.argmax(dim=1, keepdim=True)
        std = mixture.log_std.gather(1, chosen).exp() * self.temperature
        return (mixture.mean.gather(1, chosen) + std * noise[:, -1:]).clamp(0, 1)[:, 0]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Spectrograms (B, n_mels, T), and `grids`: what each tier drew, (B, f, t) by its number."""

    mels: Tensor
    grids: dict[int, Tensor]


def sample(model: MelNet, num_frames: int, batch: int, draw: Draw) -> Drawn:
    """`batch` spectrograms of `num_frames` out of nothing."""
    if num_frames < 1:
        raise ConfigError(f"frames: at least 1, found {num_frames}")
    factor = frame_factor(1, model.num_tiers)
    grid_frames = -(-num_frames // factor)
    coarse = draw_tier(model.tier(1), None, grid_frames, batch, draw)
    drawn = upsample(model, coarse, 2, draw)
    return Drawn(drawn.mels[:, :, :num_frames], {1: coarse, **drawn.grids})


def upsample(model: MelNet, coarse: Tensor, first_tier: int, draw: Draw) -> Drawn:
    """The tiers from `first_tier` on, on top of a coarse grid (B, f, t), real or drawn."""
    grids = {}
    for tier in range(first_tier, model.num_tiers + 1):
        between = draw_tier(model.tier(tier), coarse, coarse.shape[2], len(coarse), draw)
        coarse = interleave(between, coarse, tier)
        grids[tier] = between
    return Drawn(coarse, grids)


def upsample_mels(model: MelNet, mels: Tensor, first_tier: int, draw: Draw) -> Drawn:
    """Real spectrograms (B, n_mels, T) with all that `first_tier` and later draw drawn anew."""
    if not 2 <= first_tier <= model.num_tiers:
        raise ConfigError(f"tier: from 2 to {model.num_tiers}, found {first_tier}")
    factor = frame_factor(first_tier, model.num_tiers)
    if frames_of(first_tier, model.num_tiers, mels.shape[2]) < 1:
        raise ConfigError(f"mels: {factor} frames or more are needed, found {mels.shape[2]}")
    return upsample(model, split(mels, first_tier, model.num_tiers)[0], first_tier, draw)


@torch.inference_mode()
def draw_tier(tier: Tier, coarse: Tensor | None, num_frames: int, batch: int, draw: Draw) -> Tensor:
    """The grid (B, F, T) of one tier, given the coarser one (B, F, T or more)."""
    device = tier.to_mixture.weight.device
    features = None if coarse is None else tier.read(coarse.to(device))
    noise = draw.noise(num_frames, tier.bands, tier.to_mixture.out_features // 3).to(device)
    memory = tier.first_memory()
    seen = torch.zeros(batch, 1, tier.bands, device=device)
    frames = []
    for index in range(num_frames):
        told = None if features is None else features[:, index : index + 1]
        contexts, memory = tier.contexts(seen, told, memory)
        frames.append(_draw_frame(tier, contexts, told, draw, noise[index]))
        seen = tier.see(frames[-1])[:, None]
    return torch.stack(frames, dim=2)


def _draw_frame(
    tier: Tier, contexts: list[Tensor], features: Tensor | None, draw: Draw, noise: Tensor
) -> Tensor:
    """A frame (B, F) from low to high; contexts (B, 1, F, D), noise (F, B, anything)."""
    batch = len(contexts[0])
    by_band = [context[:, 0].unbind(1) for context in contexts]  # layers x F x (B, D)
    layers = tier.stack
    states = [_no_time_axis(layer.frequency.first_state(batch)) for layer in layers]
    below, pixels = torch.zeros(batch, device=noise.device), []
    for band in range(tier.bands):
        hidden = tier.enter(below, None if features is None else features[:, 0, band])
        for index, layer in enumerate(layers):
            states[index] = layer.frequency.step(hidden + by_band[index][band], states[index])
            hidden = hidden + layer.mix_frequency(states[index][0])
        pixels.append(draw(tier.leave(hidden), noise[band]))
        below = tier.see(pixels[-1])
    return torch.stack(pixels, dim=1)


def _no_time_axis(state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return state[0][0], state[1][0]
