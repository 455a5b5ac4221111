"""Stage 3: phonemes to mels, each utterance with a voice and a manner of its own."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from models.checkpoint import (
    Checkpoint,
    CheckpointInfo,
    check_role,
    check_vocoder_fits,
    checkpoint_digest,
    load_checkpoint,
)
from models.errors import DataError
from models.phonemes import SILENCES, WORD, tokens_of
from models.symbols import symbol_ids
from models.voice import Controls
from pipeline.distributions import Range
from pipeline.randomness import rng_for
from pipeline.records import MelClip, Reject, SpokenSentence, WordTime
from pipeline.voices import GeneratedVoices, chosen_voices, with_chosen_voices

STAGE = "synthesize"


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """Who speaks, and how. Checkpoints by name of a shipped one, or by folder.

    `speakers` are weights by name, where a name may be a mix, as in `mix(a, b, 0.4)`: 0.4 of b.
    Empty means every speaker of the acoustic model, equally. `generated` adds new ones.
    """

    acoustic_model: str = "fastspeech2"
    vocoder: str = "vocos"
    speakers: dict[str, float] = field(default_factory=dict)
    pace: Range = Range(0.9, 1.1)
    pitch_semitones: Range = Range(-1.0, 1.0)
    energy: Range = Range(0.9, 1.1)
    generated: GeneratedVoices | None = None

    def __post_init__(self) -> None:
        if not 0.3 <= self.pace.low <= self.pace.high <= 3.0:
            raise ValueError(f"pace: from 0.3 to 3.0, found {self.pace.low} to {self.pace.high}")
        if self.energy.low <= 0:
            raise ValueError(f"energy: above 0, found {self.energy.low}")
        if not all(0 <= weight < math.inf for weight in self.speakers.values()):
            raise ValueError("speakers: weights must be finite and not negative")
        if self.speakers and not sum(self.speakers.values()):
            raise ValueError("speakers: at least one weight must be above 0")


@dataclass(frozen=True, slots=True)
class Manner:
    """What is drawn for one utterance before anything is synthesized."""

    speaker: str
    pace: float
    pitch_semitones: float
    energy: float


def check_voice(config: VoiceConfig) -> tuple[str, ...]:
    """The voices that will be used.

    Raises `CheckpointError` for a checkpoint that is missing, damaged or of the wrong kind and
    for MelConfigs that differ, `ConfigError` for an unknown speaker or one that cannot be made.
    """
    acoustic = check_role(config.acoustic_model, "acoustic", "voice.acoustic_model")
    vocoder = check_role(config.vocoder, "vocoder", "voice.vocoder")
    check_vocoder_fits(acoustic, vocoder)
    checkpoint_digest(config.acoustic_model)
    checkpoint_digest(config.vocoder)
    voices = _voices(config, acoustic)
    if not voices.keys() <= set(acoustic.speakers):
        checkpoint = load_checkpoint(config.acoustic_model)
        with_chosen_voices(checkpoint, voices, config.generated, seed=0)
    return tuple(voices)


def voice_digests(config: VoiceConfig) -> dict[str, str]:
    """Digests of both checkpoints' weights, for shard keys and build.json."""
    return {name: checkpoint_digest(name) for name in (config.acoustic_model, config.vocoder)}


def draw_manner(
    rng: np.random.Generator, config: VoiceConfig, voices: Mapping[str, float]
) -> Manner:
    """Speaker by weight, controls from their ranges."""
    weights = np.array(list(voices.values()))
    return Manner(
        speaker=str(rng.choice(list(voices), p=weights / weights.sum())),
        pace=config.pace.draw(rng),
        pitch_semitones=config.pitch_semitones.draw(rng),
        energy=config.energy.draw(rng),
    )


def synthesize(
    spoken: Sequence[SpokenSentence], config: VoiceConfig, seed: int, device: str = "cpu"
) -> Iterator[MelClip | Reject]:
    """Mels for sentences, in their order.

    One at a time: in a batch the last bits of a row would depend on its neighbours, and so
    on the shard size, for a gain of a tenth on a CPU.
    """
    checkpoint = load_checkpoint(config.acoustic_model, device)
    voices = _voices(config, checkpoint.info)
    checkpoint = with_chosen_voices(checkpoint, voices, config.generated, seed)
    for sentence in spoken:
        manner = draw_manner(rng_for(seed, STAGE, sentence.id), config, voices)
        try:
            ids = symbol_ids(tokens_of(sentence.phonemes), checkpoint.symbols)
        except DataError as error:
            yield Reject(sentence.id, STAGE, str(error))
            continue
        yield _speak(sentence, ids, manner, checkpoint, device)


def _speak(
    sentence: SpokenSentence, ids: np.ndarray, manner: Manner, checkpoint: Checkpoint, device: str
) -> MelClip:
    """The sentence with symbol ids (N,) as a clip, spoken in the given manner."""
    speech = checkpoint.model.synthesize(
        torch.from_numpy(ids)[None].to(device),
        torch.tensor([len(ids)], device=device),
        torch.tensor([checkpoint.speakers.index(manner.speaker)], device=device),
        Controls(
            pace=torch.tensor([manner.pace], device=device),
            pitch_semitones=torch.tensor([manner.pitch_semitones], device=device),
            energy=torch.tensor([manner.energy], device=device),
        ),
    )
    durations = speech.durations[0].cpu().numpy()
    return MelClip(
        id=sentence.id,
        speaker=manner.speaker,
        pace=manner.pace,
        pitch_semitones=manner.pitch_semitones,
        energy=manner.energy,
        words=word_times(sentence, durations, checkpoint.mel.frame_s),
        acoustic_model=checkpoint.label,
        mel=speech.mels[0].cpu().numpy().astype(np.float16),
    )


def word_times(
    sentence: SpokenSentence, durations: np.ndarray, frame_s: float
) -> tuple[WordTime, ...]:
    """Where the acoustic model put each word: durations (N,) in frames, one a token."""
    words, times = sentence.transcript.split(), []
    frame = start = position = 0
    inside = False
    for token in sentence.phonemes.split():
        boundary = token == WORD or token in SILENCES
        if boundary and inside:
            times.append((start, frame))
            inside = False
        if token == WORD:
            continue
        if not boundary and not inside:
            start, inside = frame, True
        frame += int(durations[position])
        position += 1
    return tuple(
        WordTime(word, round(first * frame_s, 4), round(last * frame_s, 4))
        for word, (first, last) in zip(words, times, strict=True)
    )


def _voices(config: VoiceConfig, info: CheckpointInfo) -> dict[str, float]:
    return chosen_voices(config.speakers, config.generated, info.speakers, config.acoustic_model)
