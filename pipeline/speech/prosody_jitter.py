"""Random deviations from the predicted prosody, phone by phone: no two people, and no person twice,
say a word with the same rhythm, melody and stress, while a model's prediction is always the same.

`lively` draws what the model itself measured that its predictions miss; `uneven` strays at will;
`prevoiced` and `unreleased` say stops at the edges of an utterance in the one way or the other;
`emphasized` does what a text asks for.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from models.acoustic.fastspeech2 import FastSpeech2, Prosody
from models.acoustic.stops import LEAD_S, UNRELEASED_GAIN, final, initial, lead_frames

# Deviations at an unevenness of 1: of the log of a symbol's length, of its pitch (1.5 semitones or
# so) and of its energy (3 dB or so); the latter two in the units of `Prosody`.
_LENGTH, _PITCH, _ENERGY = 0.3, 0.54, 0.28
# Of how far recordings stray from the prediction, a part is what the model has yet to learn. This
# share in pitch makes repetitions of a sentence differ by a little over half of what two readers do
# (`benchmarks.voice_page`). In lengths much is where an aligner cut them: drawn in full they made
# Whisper mishear 3.5 % of the words, by such a share 0.3 % (0.0 % undrawn).
_PITCH_SHARE, _LENGTH_SHARE = 0.5, 0.25
# Of emphasis: a quarter longer, two semitones or so higher, 3 dB louder.
_LONGER, _HIGHER, _LOUDER_DB = 1.25, 0.72, 3.0


def emphasized(prosody: Prosody, words: torch.Tensor) -> Prosody:
    """`prosody` (B, N) with longer, higher and louder symbols where `words` (B, N) is true."""
    words = words.to(prosody.durations.device)
    longer = (prosody.durations * _LONGER).round().long()
    found = prosody._replace(
        durations=torch.where(words, longer, prosody.durations),
        pitch=prosody.pitch + _HIGHER * words,
    )
    if prosody.gain is None:
        return found._replace(energy=prosody.energy + _ENERGY * words)
    return found._replace(gain=prosody.gain + _LOUDER_DB / 20 * math.log(10) * words)


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
    return prosody._replace(
        durations=(durations.round().clamp(min=1) * there).long(),
        pitch=prosody.pitch + _PITCH * pitch.to(device) * spoken,
        energy=prosody.energy + _ENERGY * energy.to(device) * spoken,
    )


def lively(
    prosody: Prosody,
    spoken: torch.Tensor,
    model: FastSpeech2,
    strength: float,
    rng: np.random.Generator,
) -> Prosody:
    """`prosody` (B, N) with pitch and lengths astray by a part of what recordings are from the
    prediction, times `strength`; what one phone does, the next goes on with. Silences change in
    length only.

    The model has `frame_pitch`. Draws the same for the same `rng`, however large `strength` is.
    """
    shape = tuple(prosody.durations.shape)
    shares = _PITCH_SHARE, _LENGTH_SHARE
    pitch, lengths = (
        torch.from_numpy(_autoregressive(shape, float(memory), rng) * float(std) * share * strength)
        for std, memory, share in zip(
            model.residual_std, model.residual_memory, shares, strict=True
        )
    )
    device = prosody.durations.device
    there = prosody.durations > 0
    durations = (prosody.durations + 1) * torch.exp(lengths).to(device) - 1
    return prosody._replace(
        durations=(durations.round().clamp(min=1) * there).long(),
        pitch=prosody.pitch + pitch.to(device) * spoken,
    )


def prevoiced(
    prosody: Prosody,
    symbols: torch.Tensor,
    model: FastSpeech2,
    share: float,
    pace: float,
    rng: np.random.Generator,
) -> Prosody:
    """`prosody` (1, N) of `symbols` (1, N) with the voice ahead of a `share` of the voiced stops
    that nothing is said before.

    The model has `frame_pitch`. Draws the same for the same `rng`, however large `share` is.
    """
    symbols = symbols.to(model.is_silent.device)
    stops = initial(model.is_voiced_stop[symbols], model.is_silent[symbols]).cpu()
    chosen, seconds = rng.random(stops.shape), rng.uniform(*LEAD_S, stops.shape)
    frames = lead_frames(torch.from_numpy(seconds / pace), model.mel)
    leads = frames * stops * torch.from_numpy(chosen < share)
    return prosody._replace(leads=leads.to(prosody.durations.device))


def unreleased(
    prosody: Prosody,
    symbols: torch.Tensor,
    model: FastSpeech2,
    share: float,
    rng: np.random.Generator,
) -> Prosody:
    """`prosody` (1, N) of `symbols` (1, N) with a `share` of the stops that nothing is said after
    kept closed. The model has `frame_pitch`.
    """
    symbols = symbols.to(model.is_silent.device)
    stops = final(model.is_plosive[symbols], model.is_silent[symbols]).cpu()
    chosen = torch.from_numpy(rng.random(stops.shape) < share) & stops
    assert prosody.gain is not None
    return prosody._replace(gain=prosody.gain + (UNRELEASED_GAIN * chosen).to(prosody.gain))


def _autoregressive(
    shape: tuple[int, ...], memory: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Sequences (B, N) of variance 1 of which every value keeps `memory` of the one before."""
    fresh = rng.standard_normal(shape)
    values = np.empty_like(fresh)
    values[:, 0] = fresh[:, 0]
    for index in range(1, shape[1]):
        values[:, index] = memory * values[:, index - 1] + fresh[:, index] * (1 - memory**2) ** 0.5
    return values.astype(np.float32)
