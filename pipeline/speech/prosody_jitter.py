"""Small departures from the predicted prosody, phone by phone: no two people, and no person twice,
say a word with the same rhythm, melody and stress, while a model's prediction is always the same.
"""

import numpy as np
import torch

from models.acoustic.fastspeech2 import Prosody

# Deviations at an unevenness of 1: of the log of a symbol's length, of its pitch (1.5 semitones or
# so) and of its energy (3 dB or so); the latter two in the units of `Prosody`.
_LENGTH, _PITCH, _ENERGY = 0.3, 0.54, 0.28


def uneven(
    prosody: Prosody, spoken: torch.Tensor, unevenness: float, rng: np.random.Generator
) -> Prosody:
    """`prosody` (B, N) with normal departures; silences (where not `spoken`) change in length only.

    Draws the same for the same `rng`, however large `unevenness` is.
    """
    shape = tuple(prosody.durations.shape)
    lengths, pitch, energy = (
        torch.from_numpy(rng.standard_normal(shape).astype(np.float32)) * unevenness
        for _ in range(3)
    )
    device = prosody.durations.device
    durations = prosody.durations * torch.exp(_LENGTH * lengths).to(device)
    there = prosody.durations > 0
    return Prosody(
        durations=(durations.round().clamp(min=1) * there).long(),
        pitch=prosody.pitch + _PITCH * pitch.to(device) * spoken,
        energy=prosody.energy + _ENERGY * energy.to(device) * spoken,
    )
