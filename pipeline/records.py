"""The rows that pass from stage to stage. Each stage adds one record, joined by `id` at the end.

S samples, T mel frames. Nothing here knows Arrow; `pipeline/storage/shards.py` derives the schemas.
"""

from dataclasses import dataclass, field

import numpy as np

NO_PITCH = np.zeros((0, 0), np.float16)

SIMULATED = "simulated"  # the source of a room that was computed, not recorded
NEGATIVES = "negatives"  # the source of hard negatives; their templates are kinds, not lines
SILENCE = "silence"  # the source and the kind of negative of rows without speech
NOBODY = "none"  # their speaker, accent, acoustic model and vocoder
RECORDED_BY = "recording:"  # what the acoustic model of the user's recordings begins with


def is_recording(acoustic_model: str) -> bool:
    """Whether what a row names as its acoustic model is a folder of the user's recordings."""
    return acoustic_model.startswith(RECORDED_BY)


@dataclass(frozen=True, slots=True)
class Slot:
    """A named value filled into a template, as written: `("time", "7:30 am")`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Negative:
    """What a sentence is almost: a phrase that it must not be taken for.

    `kind` is `none` for an ordinary sentence, and `silence` for one that says nothing: near to no
    phrase. `distance` is the share of the phrase's phones that differ, 0 to 1 and above.
    """

    kind: str = "none"
    near_to: str = ""
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class InlinePronunciation:
    """Characters [start, end) of a text, and the phones that they are to be said with, or the part
    of speech that decides them (`pipeline/text/heteronyms.py`).
    """

    start: int
    end: int
    phones: tuple[str, ...] = ()
    part_of_speech: str = ""


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Characters [start, end) of a text, which are to be said with emphasis."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Break:
    """A pause that a text asks for at its character `at`."""

    at: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """Stage 1. What the user of the application writes or says, in written form.

    `source` says who wrote it: `templates`, or another section of the config's `sentences`.
    `style` names what was done to it to sound spoken, in order. `number` counts the sentences of
    a build from 0, or those of its split where `split` says which that is; else the split
    is drawn by the id.
    """

    id: str
    text: str
    domain: str
    template: str
    intent: str
    slots: tuple[Slot, ...] = ()
    source: str = "templates"
    style: tuple[str, ...] = ()
    negative: Negative = Negative()
    number: int = 0
    split: str = ""
    pronunciations: tuple[InlinePronunciation, ...] = ()
    breaks: tuple[Break, ...] = ()
    emphases: tuple[Emphasis, ...] = ()

    @property
    def is_silence(self) -> bool:
        """Whether the row is without speech: it has no text."""
        return self.negative.kind == SILENCE


@dataclass(frozen=True, slots=True)
class WordRange:
    """Words [first_word, end_word) of a transcript, counted from 0."""

    first_word: int
    end_word: int


@dataclass(frozen=True, slots=True)
class Pause:
    """How long the pause behind the first so many words of a transcript is to be."""

    words_before: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """Stage 2. The spoken form of a sentence.

    `normalized_text` keeps case and punctuation; `transcript` is lower case without
    punctuation. `phonemes` is the phoneme string of `models/phonology/phonemes.py`. `slot_words`
    says for each slot of the sentence which words of the transcript are its value, and
    `pronounced_words` which are pronounced as its text asks for; `pauses` are those of its breaks,
    `emphasized_words` are said with emphasis.
    """

    id: str
    normalized_text: str
    transcript: str
    phonemes: str
    accent: str
    slot_words: tuple[WordRange, ...] = ()
    number: int = 0
    split: str = ""
    pronounced_words: tuple[WordRange, ...] = ()
    pauses: tuple[Pause, ...] = ()
    emphasized_words: tuple[WordRange, ...] = ()

    @property
    def is_silence(self) -> bool:
        """Whether the row is without speech."""
        return not self.transcript

    @property
    def is_marked(self) -> bool:
        """Whether its text says how it is to be spoken."""
        return bool(self.pronounced_words or self.pauses or self.emphasized_words)


@dataclass(frozen=True, slots=True)
class WordTime:
    """Where a word of the transcript lies in the clip, in seconds from its start."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Performance:
    """Who speaks a clip, with which prosody controls, and the time of each word.

    `context` is the text spoken around it and cut away. `accent` and `phonemes` are the
    speaker's own: where he has a foreign accent they differ from those of the text frontend.
    """

    speaker: str
    pace: float
    pitch_semitones: float
    energy: float
    words: tuple[WordTime, ...]
    acoustic_model: str
    pitch_range: float = 1.0
    vocal_tract: float = 1.0
    context: str = ""
    accent: str = ""
    phonemes: str = ""

    @property
    def is_silence(self) -> bool:
        """Whether the row is without speech."""
        return self.speaker == NOBODY and not self.phonemes

    @property
    def is_recorded(self) -> bool:
        """Whether a person speaks: the row is a recording of the user's."""
        return is_recording(self.acoustic_model)


@dataclass(frozen=True, slots=True)
class MelClip:
    """Stage 3. The acoustic model's output; `faults` are what the model itself found wrong with
    it, in words. `pitch_hz` is (0, 0) of a model that gives no F0.
    """

    id: str
    performance: Performance
    mel: np.ndarray  # (n_mels, T) float16
    faults: tuple[str, ...] = ()
    # (1, T) float16, 0 where unvoiced
    pitch_hz: np.ndarray = field(default_factory=lambda: NO_PITCH)


@dataclass(frozen=True, slots=True)
class CleanClip:
    """Stage 4. The vocoder's output, not encoded: only the clip that is delivered is."""

    id: str
    vocoder: str
    sample_rate: int
    num_samples: int
    pcm: bytes  # (S,) int16, little-endian

    @property
    def wave(self) -> np.ndarray:
        """(S,) float32 in [-1, 1]."""
        return np.frombuffer(self.pcm, "<i2").astype(np.float32) / 32768


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was measured on a clean clip; the phones are None where no recognizer listened.

    `divergent_phones`: by how many edits outnumber right phones where the clip is worst;
    `missing_phones` and `surplus_phones` the same of phones left out and put in. `word_shift_s`:
    the farthest that a word lies from where the recognizer finds it. `dead_air_s`: the longest
    silence between sounds. `end_drop_db`: how far below the speech the clip's last moment lies.
    `naturalness`, a mean opinion score of 1 to 5, and `word_error_rate` are None unless a judge by
    name measured them.
    """

    phone_error_rate: float | None
    divergent_phones: int | None
    missing_phones: int | None
    surplus_phones: int | None
    word_shift_s: float | None
    phones_per_s: float
    dead_air_s: float
    level_db: float
    end_drop_db: float
    dc_offset: float
    clipped_fraction: float
    naturalness: float | None = None
    word_error_rate: float | None = None


@dataclass(frozen=True, slots=True)
class JudgedClip:
    """Stage 5. The attempt at an utterance that passed the judge, with what made it.

    `attempt` is 0 for the first, and above for those made after one that failed.
    """

    id: str
    attempt: int
    performance: Performance
    clean: CleanClip
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Noise:
    """Background noise as drawn and as measured; `noise_class` is `none` for a clean clip."""

    noise_class: str = "none"
    source: str = ""
    license: str = ""
    offset_s: float = 0.0
    snr_db: float | None = None
    measured_snr_db: float | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """The room response that was convolved in; `source` is empty for none."""

    source: str = ""
    license: str = ""
    rt60_s: float | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """What happened to the signal on its way: codec, band, gain."""

    codec: str = "none"
    band: str = "full"
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Augmentation:
    """A link of the augmentation chain that was applied: with what, and what came of it.

    `parameters` (as drawn: enough to apply the link again) and `measured` are JSON objects with
    sorted keys and exact numbers.
    """

    link: str
    parameters: str
    measured: str = "{}"


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured on the final clip; the judge's figures are those of the clean one."""

    clipped_fraction: float
    silence_fraction: float
    loudness_lufs: float


@dataclass(frozen=True, slots=True)
class FinishedClip:
    """Stage 6. The clip as delivered, with its augmentation log.

    `augmentations` is the whole log, in the order of application; `noise`, `room` and `channel`
    say the same in short. A moment `t` of the clean clip lies at `t * time_scale + time_shift_s`.
    """

    id: str
    sample_rate: int
    num_samples: int
    audio: bytes  # FLAC, mono, 16 bit
    noise: Noise
    room: Room
    channel: Channel
    quality: Quality
    augmentations: tuple[Augmentation, ...] = ()
    time_scale: float = 1.0
    time_shift_s: float = 0.0
    noise_audio: bytes = b""  # FLAC of the noise alone, where it is kept and there is any


@dataclass(frozen=True, slots=True)
class Reject:
    """An utterance that was dropped: in which stage, and why.

    `template`, `speaker` and `audio` (FLAC) are there as far as the stage knew them.
    """

    id: str
    stage: str
    reason: str
    template: str = ""
    speaker: str = ""
    audio: bytes = b""
