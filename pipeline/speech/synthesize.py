"""Stage 3: phonemes to mels, each utterance with a speaker and prosody controls of its own."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.acoustic.fastspeech2 import FastSpeech2
from models.checkpoint import (
    Checkpoint,
    check_role,
    check_vocoder_fits,
    checkpoint_digest,
    followed_controls,
    load_checkpoint,
    read_info,
    shared_checkpoint,
    voices_of,
)
from models.errors import ConfigError, DataError
from models.phonology.alphabets import tokenize
from models.precision import Asked, in_precision
from models.voice import Controls
from pipeline.distributions import Distribution, within
from pipeline.randomness import rng_for
from pipeline.records import (
    MelClip,
    Reject,
    SpokenSentence,
)
from pipeline.sentences.own.recording import OwnRecording
from pipeline.speech.batches import Budget, budget_of
from pipeline.speech.context import ContextConfig, put_in_context
from pipeline.speech.foreign_accents import in_foreign_accent
from pipeline.speech.lines import Line, ProsodyControls, speech_of, speeches_of
from pipeline.speech.other_voices import OtherVoices
from pipeline.speech.own_recordings import NO_RECORDINGS, perform_recording
from pipeline.speech.quota import Cell, QuotaConfig
from pipeline.speech.silence import perform_silence
from pipeline.speech.sources import AnySource, has_ours, mixed
from pipeline.speech.speaker_assignment import (
    EVERYBODY,
    SpeakerAssignment,
    assign_speakers,
    assignment_of,
)
from pipeline.speech.spoken_clip import spoken_clip
from pipeline.speech.voices import GeneratedVoices, body_of, chosen_voices, with_chosen_voices

STAGE = "synthesize"


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """Who speaks, and how. Checkpoints by name of a shipped one, or by folder.

    `speakers` are weights by name, where a name may be a mix, as in `mix(a, b, 0.4)`: 0.4 of b.
    Empty means those that the acoustic model features, equally; `all` are all that it has.
    `generated` adds new ones. `pace`,
    `energy`, `pitch_range` and `vocal_tract` (its length) are factors: 1 is the speaker's own.
    `unevenness` is how far each phone strays from the predicted length, pitch and energy
    (`pipeline/speech/prosody_jitter.py`): 0 or null not at all, 1 as far as words said alone are
    apart. `expressiveness` is how far pitch strays, and lengths a little, from what the model
    predicts, where it has measured how far recordings do: 0 not at all, 1 half as far as they.
    `prevoicing` is the share of voiced stops at the beginning of an utterance that the voice is
    heard before, as in a murmured "go"; `unreleased` that of the stops at its end that stay closed,
    as in a short "up" (`models/acoustic/stops.py`; of models with `frame_pitch`).
    `accent_strength`, 0 to 1, is that of a foreign accent (`text.accent`), drawn once a speaker
    and first language. `sources` mixes these voices with others by weight
    (`pipeline/speech/sources.py`); empty: these alone. `precision` is what acoustic model,
    vocoder and the judge's recognizer compute in: bf16 is faster where the processor has it, and
    makes other rows than fp32; auto takes it there.
    """

    acoustic_model: str = "fastspeech2"
    vocoder: str = "harmonic"
    speakers: dict[str, float] = field(default_factory=dict)
    pace: Distribution = Distribution(low=0.9, high=1.1)
    pitch_semitones: Distribution = Distribution(low=-1.0, high=1.0)
    energy: Distribution = Distribution(low=0.9, high=1.1)
    pitch_range: Distribution = Distribution(value=1.0)
    vocal_tract: Distribution = Distribution(value=1.0)
    unevenness: Distribution | None = None
    expressiveness: Distribution = Distribution(value=1.0)
    prevoicing: Distribution = Distribution(value=0.3)
    unreleased: Distribution = Distribution(value=0.3)
    accent_strength: Distribution = Distribution(low=0.2, high=0.9)
    generated: GeneratedVoices | None = None
    quota: QuotaConfig | None = None
    context: ContextConfig | None = None
    sources: tuple[AnySource, ...] = ()
    precision: Asked = "fp32"

    def __post_init__(self) -> None:
        within(self.pace, 0.3, 3.0, "pace")
        within(self.pitch_semitones, -24.0, 24.0, "pitch_semitones")
        within(self.energy, 0.01, 100.0, "energy")
        within(self.pitch_range, 0.0, 4.0, "pitch_range")
        within(self.vocal_tract, 0.7, 1.4, "vocal_tract")
        if self.unevenness:
            within(self.unevenness, 0.0, 3.0, "unevenness")
        within(self.expressiveness, 0.0, 3.0, "expressiveness")
        within(self.prevoicing, 0.0, 1.0, "prevoicing")
        within(self.unreleased, 0.0, 1.0, "unreleased")
        within(self.accent_strength, 0.0, 1.0, "accent_strength")
        if not all(0 <= weight < math.inf for weight in self.speakers.values()):
            raise ValueError("speakers: weights must be finite and not negative")
        if self.speakers and not sum(self.speakers.values()):
            raise ValueError("speakers: at least one weight must be above 0")


_OF_FRAME_PITCH = ("expressiveness", "prevoicing", "unreleased")  # for models with `frame_pitch`
_NEUTRAL = ProsodyControls("", pace=1.0, pitch_semitones=0.0, energy=1.0)


def check_voice(config: VoiceConfig) -> tuple[str, ...]:
    """The voices that will be used.

    Raises `CheckpointError` for a checkpoint that is missing, damaged or of the wrong kind and
    for MelConfigs that differ, `ConfigError` for an unknown speaker or one that cannot be made,
    `DataError` for another source that is not there.
    """
    OtherVoices(config.sources).check()
    if not has_ours(config.sources):
        return tuple(_all_voices(config, ()))
    acoustic = check_role(config.acoustic_model, "acoustic", "voice.acoustic_model")
    vocoder = check_role(config.vocoder, "vocoder", "voice.vocoder")
    check_vocoder_fits(acoustic, vocoder)
    if config.unevenness and acoustic.kind != "fastspeech2":
        raise ConfigError(f"voice.unevenness: for a fastspeech2, and this is a {acoustic.kind}")
    checkpoint_digest(config.acoustic_model)
    checkpoint_digest(config.vocoder)
    known = voices_of(config.acoustic_model)
    voices = _voices(config, known)
    if not voices.keys() <= set(known):
        checkpoint = load_checkpoint(config.acoustic_model)
        with_chosen_voices(checkpoint, voices, config.generated, seed=0)
    return tuple(mixed(config.sources, voices))


def ignored_controls(config: VoiceConfig) -> tuple[str, ...]:
    """A line for each control that is asked for and that the acoustic model cannot follow; of those
    that are drawn as long as nobody says otherwise, for each that is not as usual.
    """
    lines = list(OtherVoices(config.sources).ignored())
    if not has_ours(config.sources):
        return tuple(lines)
    info = read_info(config.acoustic_model)
    followed = followed_controls(config.acoustic_model)
    cannot = f"{config.acoustic_model}, a {info.kind}, cannot follow it"
    for name in Controls._fields:
        asked, neutral = getattr(config, name), getattr(_NEUTRAL, name)
        if name not in followed and asked.bounds != (neutral, neutral):
            lines.append(f"voice.{name}: {cannot}; every sentence has {neutral}")
    if not info.config.get("frame_pitch"):
        usual = VoiceConfig()
        for name in _OF_FRAME_PITCH:
            asked = getattr(config, name)
            if asked != getattr(usual, name) and asked.bounds != (0.0, 0.0):
                lines.append(f"voice.{name}: {cannot}; no sentence has any")
    return tuple(lines)


def draw_controls(
    rng: np.random.Generator,
    config: VoiceConfig,
    voices: Mapping[str, float],
    cell: Cell | None = None,
) -> ProsodyControls:
    """Speaker by weight, in whatever order the config has them, and controls from their
    distributions; those of `cell` where the quota wants one and its speaker is of the `voices`.
    """
    names = sorted(voices)
    weights = np.array([voices[name] for name in names])
    speaker = str(rng.choice(names, p=weights / weights.sum()))
    at = float(rng.random())
    return ProsodyControls(
        speaker=cell.speaker if cell and cell.speaker in voices else speaker,
        pace=config.pace.at(cell.slowest + at * (cell.fastest - cell.slowest) if cell else at),
        pitch_semitones=config.pitch_semitones.draw(rng),
        energy=config.energy.draw(rng),
        pitch_range=config.pitch_range.draw(rng),
        vocal_tract=config.vocal_tract.draw(rng),
        unevenness=config.unevenness.draw(rng) if config.unevenness else 0.0,
        phone_seed=int(rng.integers(2**62)),
        expressiveness=config.expressiveness.draw(rng),
        prevoicing=config.prevoicing.draw(rng),
        unreleased=config.unreleased.draw(rng),
    )


def speaker_assignments(
    config: VoiceConfig, accents: Sequence[str], seed: int, shares: Mapping[str, float] | None
) -> dict[str, SpeakerAssignment]:
    """Who may speak in every split of a build: see `pipeline/speech/speaker_assignment.py`."""
    known = voices_of(config.acoustic_model) if has_ours(config.sources) else ()
    voices = _all_voices(config, known)
    return assign_speakers(voices, config.quota, accents, seed, shares)


class Synthesizer:
    """The voices of a build, ready to speak. Loads the acoustic model once.

    On a CPU one sentence at a time is as fast; on a GPU batches are spoken, of fixed shape, so that
    no bit of a row depends on its neighbours.
    """

    def __init__(
        self,
        config: VoiceConfig,
        seed: int,
        device: str = "cpu",
        by_split: Mapping[str, SpeakerAssignment] | None = None,
    ) -> None:
        self._config, self._seed, self._device = config, seed, device
        self._others = OtherVoices(config.sources)
        known: tuple[str, ...] = ()
        if has_ours(config.sources):
            checkpoint = shared_checkpoint(config.acoustic_model, device)
            known, voices = checkpoint.speakers, _voices(config, checkpoint.speakers)
            whole = with_chosen_voices(checkpoint, voices, config.generated, seed)
            self._checkpoint = replace(whole, model=in_precision(whole.model, config.precision))
        self._by_split = by_split or {EVERYBODY: SpeakerAssignment(_all_voices(config, known))}

    def first_controls(self, sentence: SpokenSentence) -> ProsodyControls:
        """The controls of the first attempt at the sentence."""
        assignment = assignment_of(self._by_split, sentence.split)
        rng = rng_for(self._seed, STAGE, sentence.id)
        cell = assignment.cell(sentence.number)
        voices = self._others.able(assignment.voices, sentence)
        return self._in_body(draw_controls(rng, self._config, voices, cell))

    def later_controls(
        self, sentence: SpokenSentence, attempt: int, speaker: str, keep_speaker: bool
    ) -> ProsodyControls:
        """Those of a later attempt: drawn anew, by the same `speaker` or by another,
        where the split has one. The same speaker stays within the quota's pace band.
        """
        assignment = assignment_of(self._by_split, sentence.split)
        rng = rng_for(self._seed, STAGE, f"{sentence.id}|take {attempt}")  # this text decides rows
        able = self._others.able(assignment.voices, sentence)
        others = {name: weight for name, weight in able.items() if name != speaker}
        if keep_speaker or not others:
            cell = assignment.cell(sentence.number)
            return self._in_body(draw_controls(rng, self._config, {speaker: 1.0}, cell))
        return self._in_body(draw_controls(rng, self._config, others))

    def _in_body(self, drawn: ProsodyControls) -> ProsodyControls:
        """The controls with the speaker's own vocal tract and pitch."""
        body = body_of(drawn.speaker, self._config.generated, self._seed)
        return replace(
            drawn,
            vocal_tract=drawn.vocal_tract * body.vocal_tract,
            pitch_semitones=drawn.pitch_semitones + body.pitch_semitones,
        )

    def speak(self, sentence: SpokenSentence, drawn: ProsodyControls) -> MelClip | Reject:
        """The sentence as a clip; a reject where the voice does not know one of its symbols."""
        return self._spoken(self._ready(sentence, drawn))

    def speak_first(self, sentence: SpokenSentence) -> MelClip | Reject:
        """The first attempt at the sentence."""
        return self._spoken(self._first_ready(sentence))

    def _spoken(self, ready: Line | MelClip | Reject) -> MelClip | Reject:
        if not isinstance(ready, Line):
            return ready
        return spoken_clip(
            ready, speech_of(ready, self._checkpoint, self._device), self._checkpoint
        )

    def _first_ready(self, sentence: SpokenSentence) -> Line | MelClip | Reject:
        try:
            drawn = self.first_controls(sentence)
        except DataError as error:
            return Reject(sentence.id, STAGE, str(error))
        return self._ready(sentence, drawn)

    def speak_all(
        self, sentences: Sequence[SpokenSentence], budget: Budget
    ) -> Iterator[MelClip | Reject]:
        """As `speak_first`, in batches of fixed shape; of a FastSpeech2."""
        ready = [self._first_ready(sentence) for sentence in sentences]
        lines = [one for one in ready if isinstance(one, Line)]
        speeches = iter(speeches_of(lines, self._checkpoint, self._device, budget))
        for one in ready:
            if isinstance(one, Line):
                yield spoken_clip(one, next(speeches), self._checkpoint)
            else:
                yield one

    @property
    def takes_batches(self) -> bool:
        """Whether `speak_all` can be asked."""
        is_ours = has_ours(self._config.sources)
        return is_ours and isinstance(self._checkpoint.model, FastSpeech2)

    def _ready(self, sentence: SpokenSentence, drawn: ProsodyControls) -> Line | MelClip | Reject:
        """The sentence as input of the acoustic model, or another voice's clip of it."""
        if drawn.speaker in self._others:
            return self._others.perform(self._in_accent(sentence, drawn), drawn.speaker, drawn.pace)
        checkpoint, context, spoken = self._checkpoint, None, sentence
        if checkpoint.info.alphabet == "characters" and sentence.is_marked:
            reason = f"{checkpoint.name} reads letters, and follows no inline markup"
            return Reject(sentence.id, STAGE, reason, speaker=drawn.speaker)
        if sentence.emphasized_words and not isinstance(checkpoint.model, FastSpeech2):
            reason = f"{checkpoint.name}, a {checkpoint.info.kind}, cannot follow emphasis"
            return Reject(sentence.id, STAGE, reason, speaker=drawn.speaker)
        if self._config.context is not None:
            rng = np.random.default_rng([drawn.phone_seed, 1])
            context = put_in_context(sentence, self._config.context, rng)
            spoken = context.sentence
        sentence, spoken = self._in_accent(sentence, drawn), self._in_accent(spoken, drawn)
        try:
            tokens = tokenize(
                checkpoint.info.alphabet,
                checkpoint.symbols,
                spoken.normalized_text,
                spoken.phonemes,
            )
        except DataError as error:
            return Reject(sentence.id, STAGE, str(error), speaker=drawn.speaker)
        return Line(sentence, tokens, _as_followed(drawn, checkpoint), context)

    def _in_accent(self, sentence: SpokenSentence, drawn: ProsodyControls) -> SpokenSentence:
        strength = self._config.accent_strength
        return in_foreign_accent(sentence, drawn.speaker, strength, self._seed)


def synthesize(
    spoken: Sequence[SpokenSentence],
    config: VoiceConfig,
    seed: int,
    device: str = "cpu",
    by_split: Mapping[str, SpeakerAssignment] | None = None,
    recordings: Mapping[str, OwnRecording] = NO_RECORDINGS,
    budget: Budget | None = None,
) -> Iterator[MelClip | Reject]:
    """Mels for sentences, in their order; `by_split` says who may speak which (None: anybody), and
    `recordings` are those that were spoken already, by id. `budget` says how large batches are
    (None: as is best on the device).
    """
    synthesizer = Synthesizer(config, seed, device, by_split)
    budget = budget or budget_of(device, STAGE)
    ours = [
        sentence for sentence in spoken if sentence.id not in recordings and not sentence.is_silence
    ]
    made: Iterator[MelClip | Reject] = map(synthesizer.speak_first, ours)
    if budget is not None and synthesizer.takes_batches:
        made = synthesizer.speak_all(ours, budget)
    for sentence in spoken:
        if sentence.is_silence:
            yield perform_silence(sentence)
        elif sentence.id in recordings:
            yield perform_recording(sentence, recordings[sentence.id])
        else:
            yield next(made)


def _as_followed(drawn: ProsodyControls, checkpoint: Checkpoint) -> ProsodyControls:
    """The controls without those that the model ignores, so that no row claims them."""
    ignored = set(Controls._fields) - checkpoint.acoustic_model.controls
    return replace(drawn, **{name: getattr(_NEUTRAL, name) for name in ignored})


def _voices(config: VoiceConfig, known: tuple[str, ...]) -> dict[str, float]:
    usual = read_info(config.acoustic_model).featured
    return chosen_voices(config.speakers, config.generated, known, config.acoustic_model, usual)


def _all_voices(config: VoiceConfig, known: tuple[str, ...]) -> dict[str, float]:
    """The speakers of all sources; `known` are those of the acoustic model where it speaks."""
    ours = _voices(config, known) if has_ours(config.sources) else {}
    return mixed(config.sources, ours)
