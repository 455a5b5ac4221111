"""Lines, which are sentences with their speaker and controls, and what the acoustic model makes of
them: alone, or in batches of fixed shape.

B batch, N symbols, T mel frames.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from models.acoustic.fastspeech2 import FastSpeech2, Prosody
from models.checkpoint import Checkpoint
from models.cuda_graphs import play
from models.phonology.alphabets import Tokens
from models.voice import Controls, Speech
from pipeline.records import SpokenSentence
from pipeline.speech.batches import (
    FRAMES_STEP,
    SYMBOLS_STEP,
    Budget,
    Shape,
    in_batches,
    padded,
)
from pipeline.speech.context import InContext
from pipeline.speech.prosody_jitter import emphasized, lively, prevoiced, uneven, unreleased


@dataclass(frozen=True, slots=True)
class ProsodyControls:
    """What is drawn for one utterance before anything is synthesized."""

    speaker: str
    pace: float
    pitch_semitones: float
    energy: float
    pitch_range: float = 1.0
    vocal_tract: float = 1.0
    unevenness: float = 0.0
    phone_seed: int = 0  # of what each phone does
    expressiveness: float = 0.0
    prevoicing: float = 0.0
    unreleased: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence as its speaker reads it, the tokens that are said, with what is around it in its
    `context`, and how.
    """

    sentence: SpokenSentence
    tokens: Tokens
    drawn: ProsodyControls
    context: InContext | None


class _Asked(NamedTuple):
    """Lines as input of the acoustic model."""

    symbols: torch.Tensor  # (B, N)
    lengths: torch.Tensor
    speakers: torch.Tensor
    controls: Controls


class _Planned(NamedTuple):
    """A line and the prosody (1, N) that it will be spoken with."""

    line: Line
    prosody: Prosody

    @property
    def num_frames(self) -> int:
        return int(self.prosody.frames.sum())

    @property
    def shape(self) -> Shape:
        return _padded_symbols(self.line), padded(self.num_frames, FRAMES_STEP)


def speech_of(line: Line, checkpoint: Checkpoint, device: str) -> Speech:
    """What the acoustic model makes of one line."""
    asked = _asked([line], checkpoint, device, _num_symbols(line))
    if not strays(line, checkpoint.model):
        return checkpoint.acoustic_model.synthesize(*asked)
    speech: Speech = checkpoint.model.synthesize(
        *asked, lambda prosody: _strayed(prosody, line, checkpoint.model)
    )
    return speech


def speeches_of(
    lines: Sequence[Line], checkpoint: Checkpoint, device: str, budget: Budget
) -> list[Speech]:
    """The same of many, in batches of fixed shape; the model is a FastSpeech2.

    Twice through the model: how long a line lasts is known after its prosody, and only then which
    shape it is spoken in.
    """
    model: FastSpeech2 = checkpoint.model

    def plan(batch: Sequence[Line], shape: Shape) -> list[_Planned]:
        prosody = play(device, model.predict, *_asked(batch, checkpoint, "cpu", *shape))
        alone = (_item(prosody, at, _num_symbols(line)) for at, line in enumerate(batch))
        return [
            _Planned(line, _strayed(own, line, model))
            for line, own in zip(batch, alone, strict=True)
        ]

    def speak(batch: Sequence[_Planned], shape: Shape) -> list[Speech]:
        num_symbols, num_frames = shape
        asked = _asked([one.line for one in batch], checkpoint, "cpu", num_symbols)
        prosody = _stacked([one.prosody for one in batch], num_symbols)
        speech = play(device, model.follow, *asked[:3], prosody, None, num_frames)
        return [_speech_at(speech, at, one) for at, one in enumerate(batch)]

    def try_memory(size: int, length: int) -> None:
        own = max(length, _padded_symbols(lines[0]))
        planned = plan([lines[0]] * size, (own,))
        speak(planned, (own, max(length, planned[0].num_frames)))

    if lines:
        budget.measure(try_memory)
    planned = in_batches(lines, lambda line: (_padded_symbols(line),), plan, budget)
    return in_batches(planned, lambda one: one.shape, speak, budget)


def strays(line: Line, model: object) -> bool:
    """Whether a line's prosody is another than the one that is predicted."""
    drawn = line.drawn
    is_lively = drawn.expressiveness or drawn.prevoicing or drawn.unreleased
    is_uneven = drawn.unevenness or line.sentence.emphasized_words
    return bool(is_uneven or (is_lively and is_expressive(model)))


def is_expressive(model: object) -> bool:
    """Whether a model has measured how recordings stray from what it predicts."""
    return isinstance(model, FastSpeech2) and model.config.frame_pitch


def _strayed(prosody: Prosody, line: Line, model: FastSpeech2) -> Prosody:
    """`prosody` (1, N) of a line with the drawn deviations from the prediction."""
    drawn, ids = line.drawn, torch.from_numpy(line.tokens.ids)[None]
    spoken = (~model.is_silent[ids.to(model.is_silent.device)]).to(prosody.pitch.device)
    if drawn.expressiveness and is_expressive(model):
        rng = np.random.default_rng([drawn.phone_seed, 2])
        prosody = lively(prosody, spoken, model, drawn.expressiveness, rng)
    if drawn.unevenness:
        rng = np.random.default_rng(drawn.phone_seed)
        prosody = uneven(prosody, spoken, drawn.unevenness, rng)
    if drawn.prevoicing and is_expressive(model):
        rng = np.random.default_rng([drawn.phone_seed, 3])
        prosody = prevoiced(prosody, ids, model, drawn.prevoicing, drawn.pace, rng)
    if drawn.unreleased and is_expressive(model):
        rng = np.random.default_rng([drawn.phone_seed, 4])
        prosody = unreleased(prosody, ids, model, drawn.unreleased, rng)
    if line.sentence.emphasized_words:
        prosody = emphasized(prosody, torch.from_numpy(_is_emphasized(line))[None])
    return prosody


def _is_emphasized(line: Line) -> np.ndarray:
    """Which tokens (N,) are of words that are said with emphasis."""
    first_word = line.context.first_word if line.context else 0
    own = line.tokens.words - first_word
    found = np.zeros(len(own), bool)
    for words in line.sentence.emphasized_words:
        found |= (own >= words.first_word) & (own < words.end_word)
    return found


def _num_symbols(line: Line) -> int:
    return len(line.tokens.ids)


def _padded_symbols(line: Line) -> int:
    return padded(_num_symbols(line), SYMBOLS_STEP)


def _asked(lines: Sequence[Line], checkpoint: Checkpoint, device: str, size: int) -> _Asked:
    """Lines padded to `size` symbols.

    Scaling the spectrogram shifts the pitch, too; the requested pitch compensates for that.
    """
    drawn = [line.drawn for line in lines]
    follows_pitch = "pitch_semitones" in checkpoint.acoustic_model.controls
    semitones = [
        one.pitch_semitones + (12 * math.log2(one.vocal_tract) if follows_pitch else 0.0)
        for one in drawn
    ]
    symbols = np.zeros((len(lines), size), np.int64)
    for row, line in zip(symbols, lines, strict=True):
        row[: len(line.tokens.ids)] = line.tokens.ids
    return _Asked(
        torch.from_numpy(symbols).to(device),
        torch.tensor([_num_symbols(line) for line in lines], device=device),
        torch.tensor([checkpoint.speakers.index(one.speaker) for one in drawn], device=device),
        Controls(
            pace=torch.tensor([one.pace for one in drawn], device=device),
            pitch_semitones=torch.tensor(semitones, device=device),
            energy=torch.tensor([one.energy for one in drawn], device=device),
            pitch_range=torch.tensor([one.pitch_range for one in drawn], device=device),
        ),
    )


def _item(prosody: Prosody, at: int, size: int) -> Prosody:
    """Item `at` of a batch, of `size` symbols: (1, N)."""
    durations, pitch, energy = (each[at : at + 1, :size] for each in prosody[:3])
    gain, closures, leads = (
        None if each is None else each[at : at + 1, :size]
        for each in (prosody.gain, prosody.closures, prosody.leads)
    )
    return Prosody(durations, pitch, energy, gain, closures, leads)


def _stacked(prosodies: Sequence[Prosody], size: int) -> Prosody:
    """Prosodies (1, N) as a batch (B, `size`), padded with 0."""

    def stack(values: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat([F.pad(one, (0, size - one.shape[1])) for one in values])

    def stack_some(values: Sequence[torch.Tensor | None]) -> torch.Tensor | None:
        if all(one is None for one in values):
            return None
        nothing = (torch.zeros_like(prosody.durations) for prosody in prosodies)
        filled = zip(values, nothing, strict=True)
        return stack([zeros if one is None else one for one, zeros in filled])

    return Prosody(
        durations=stack([one.durations for one in prosodies]),
        pitch=stack([one.pitch for one in prosodies]),
        energy=stack([one.energy for one in prosodies]),
        gain=stack_some([one.gain for one in prosodies]),
        closures=stack_some([one.closures for one in prosodies]),
        leads=stack_some([one.leads for one in prosodies]),
    )


def _speech_at(speech: Speech, at: int, planned: _Planned) -> Speech:
    """Item `at` of a batch, without padding."""
    frames, symbols = planned.num_frames, _num_symbols(planned.line)
    pitch_hz = speech.pitch_hz
    return Speech(
        mels=speech.mels[at : at + 1, :, :frames],
        lengths=speech.lengths[at : at + 1],
        durations=speech.durations[at : at + 1, :symbols],
        pitch_hz=None if pitch_hz is None else pitch_hz[at : at + 1, :frames],
    )
