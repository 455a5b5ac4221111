"""Naturalness: predicted MOS, word error rate, and requested against measured pitch.

A system is an acoustic model and a vocoder. Every voice of every system says the same lines from
text alone; judges that never met our data listen (`models/evaluation/opinions.py`). Beside them, on
request, other synthesizers (`models/evaluation/other_synthesizers.py`), held-out recordings of the
same speakers, and their mels through each vocoder.

S samples, T frames.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from models.errors import ConfigError, DataError
from models.evaluation.held_out import held_out_by_speaker
from models.evaluation.opinions import (
    SAMPLE_RATE,
    Opinion,
    load_distillmos,
    load_dnsmos,
    mean,
    word_errors,
)
from models.evaluation.other_synthesizers import OtherSynthesizer, open_synthesizer
from models.evaluation.speech import ALL, Choice, ProsodySettings, Voices
from models.evaluation.tables import decimal, markdown_table, percent, write_csv
from models.evaluation.whisper import Whisper
from models.mel import LogMel, MelConfig
from models.phonology.phonemes import Phonemizer
from models.text_files import lines_of, read_text
from models.training.corpus import CorpusConfig
from models.training.measured import pitch_of, read_wave, trim_and_level
from models.voice import waveforms

LINES = Path(__file__).with_name("voice_lines.txt")
CHOOSING_LINES = Path(__file__).with_name("choosing_lines.txt")
WHOLE = "sentence"  # the kind of line whose naturalness is told: judges know no single words
KINDS = (WHOLE, "word", "digits")
RECORDINGS = "recordings"
_HEADER = (
    "distillMOS",
    "DNSMOS",
    "WER",
    "words",
    "digits",
    "surprisal, nats",
    "F0 off, cents",
    "voicing wrong",
    "F0, Hz",
    "F0 spread, semitones",
)
_LEAST_WORDS = 5  # of a recording that counts as a sentence


@dataclass(frozen=True, slots=True)
class NaturalnessRequest:
    """`systems` are ACOUSTIC+VOCODER; `speakers` by name, those that a system lacks are passed
    over, `all` for all of them; none: those that it features. `per_kind` of the `lines` of each
    kind, all where None; of recordings of `corpus`, where there is one, as many sentences. `beside`
    are voices of other synthesizers, as `open_synthesizer` takes them.
    """

    systems: tuple[str, ...]
    speakers: tuple[str, ...] = ()
    whisper: Path | None = None
    per_kind: int | None = None
    lines: Path = LINES
    corpus: CorpusConfig | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class MeasuredClip:
    """What was measured of a clip; None where nobody could, or where it is no sentence, whose
    naturalness alone is judged.
    """

    system: str
    speaker: str
    line: Line
    mos: float | None
    dnsmos: float | None
    edits: int | None
    num_words: int
    hypothesis: str
    surprisal: float | None  # nats a word
    pitch_off_cents: float | None
    voicing_wrong: float | None
    pitch_hz: float | None  # the median
    pitch_spread: float | None  # standard deviation in semitones


class Listeners(NamedTuple):
    """Who judges a wave (S,) at `SAMPLE_RATE`."""

    mos: Opinion
    dnsmos: Opinion
    whisper: Whisper | None


def read_lines(path: Path, per_kind: int | None = None) -> list[Line]:
    """`kind|text` a line, `#` before remarks; `per_kind` of each at most.

    Raises `DataError` for another kind, and where there is no sentence, which naturalness needs.
    """
    lines: list[Line] = []
    for number, row in enumerate(lines_of(read_text(path, "sentences")), start=1):
        if not row.strip() or row.startswith("#"):
            continue
        kind, found, text = row.partition("|")
        if not found or not text.strip():
            raise DataError(f"{path}:{number}: expected kind|text, found {row!r}")
        if kind not in KINDS:
            raise DataError(f"{path}:{number}: kind {kind!r} is none of {', '.join(KINDS)}")
        if per_kind is None or sum(line.kind == kind for line in lines) < per_kind:
            lines.append(Line(kind, text.strip()))
    if not any(line.kind == WHOLE for line in lines):
        raise DataError(f"{path}: no {WHOLE}|text, whose naturalness would be judged")
    return lines


def compare_pitch(asked_hz: np.ndarray, measured_hz: np.ndarray) -> tuple[float | None, float]:
    """Median distance in cents where both tracks (T,) are voiced, and the share of frames that
    only one of them voices.
    """
    frames = min(len(asked_hz), len(measured_hz))
    asked, measured = asked_hz[:frames], measured_hz[:frames]
    both = (asked > 0) & (measured > 0)
    wrong = float(((asked > 0) != (measured > 0)).mean()) if frames else 0.0
    if not both.any():
        return None, wrong
    return float(np.median(np.abs(1200 * np.log2(asked[both] / measured[both])))), wrong


def evaluate_naturalness(
    request: NaturalnessRequest, report: Callable[[str], None] = print
) -> list[MeasuredClip]:
    """Every line of every voice. Raises `DataError`, `CheckpointError`, `ConfigError`."""
    lines = read_lines(request.lines, request.per_kind)
    whisper = Whisper(request.whisper) if request.whisper else None
    listeners = Listeners(load_distillmos(), load_dnsmos(), whisper)
    rows = []
    for voices, speaker, found in _sources(request, lines, listeners):
        rows += found
        report(f"{voices} {speaker}: distillMOS {_of_sentences(found, 'mos'):.2f}")
    if not rows:
        raise ConfigError(f"speakers: none of {', '.join(request.speakers)} is in any system")
    return rows


def _sources(
    request: NaturalnessRequest, lines: Sequence[Line], listeners: Listeners
) -> Iterator[tuple[str, str, list[MeasuredClip]]]:
    """System, speaker and clips: every system's voices, after the recordings of all of them."""
    systems = {system: open_system(system) for system in request.systems}
    others = [open_synthesizer(voice) for voice in request.beside]
    if request.corpus is not None:
        asked = {name for own in systems.values() for name in speakers_of(own, request.speakers)}
        vocoders = {own.vocoder.name: own for own in systems.values()}
        count = request.per_kind or sum(line.kind == WHOLE for line in lines)
        held_out = held_out_by_speaker(request.corpus, asked, count, _LEAST_WORDS)
        for speaker, recordings in held_out.items():
            clips = [Recorded(Line(WHOLE, one.text), one.path) for one in recordings]
            found = [_judge_recording(speaker, clip, listeners) for clip in clips]
            yield RECORDINGS, speaker, found
            for name, voices in vocoders.items():
                copies = [_judge_copy(name, voices, speaker, clip, listeners) for clip in clips]
                yield f"{RECORDINGS}+{name}", speaker, copies
    for synthesizer in others:
        yield synthesizer.name, synthesizer.speaker, list(_hear(synthesizer, lines, listeners))
    for system, voices in systems.items():
        for speaker in speakers_of(voices, request.speakers):
            yield system, speaker, list(_listen(system, voices, speaker, lines, listeners))


def open_system(system: str) -> Voices:
    """The voices of ACOUSTIC+VOCODER. Raises `ConfigError` for another form."""
    acoustic, found, vocoder = system.rpartition("+")
    if not found:
        raise ConfigError(f"systems: {system}: expected ACOUSTIC+VOCODER")
    return Voices(acoustic, vocoder, choice=Choice())


def speakers_of(voices: Voices, asked: Sequence[str]) -> tuple[str, ...]:
    """Those of the asked that there are: `all`, or without any the featured ones."""
    if ALL in asked:
        return voices.names
    if not asked:
        return voices.acoustic.info.featured or voices.names
    return tuple(name for name in asked if name in voices.names)


class Recorded(NamedTuple):
    """A recording, and what is said in it."""

    line: Line
    path: Path

    def wave(self, mel: MelConfig) -> np.ndarray:
        """Its sound (S,), trimmed and levelled."""
        return trim_and_level(read_wave(self.path, mel.sample_rate), mel)


def _listen(
    system: str, voices: Voices, speaker: str, lines: Sequence[Line], listeners: Listeners
) -> Iterator[MeasuredClip]:
    texts = [line.text for line in lines]
    phonemes = Phonemizer(accent_of(speaker)).phonemize(texts)
    spoken = voices.speak_with_pitch(texts, phonemes, speaker, ProsodySettings())
    for line, (wave, asked_hz) in zip(lines, spoken, strict=True):
        yield _judge(system, speaker, line, wave, asked_hz, voices.vocoder.mel, listeners)


def _hear(
    synthesizer: OtherSynthesizer, lines: Sequence[Line], listeners: Listeners
) -> Iterator[MeasuredClip]:
    mel = MelConfig()
    waves = synthesizer.speak([line.text for line in lines], mel)
    for line, wave in zip(lines, waves, strict=True):
        yield _judge(synthesizer.name, synthesizer.speaker, line, wave, None, mel, listeners)


def _judge_recording(speaker: str, clip: Recorded, listeners: Listeners) -> MeasuredClip:
    mel = MelConfig()
    return _judge(RECORDINGS, speaker, clip.line, clip.wave(mel), None, mel, listeners)


@torch.inference_mode()
def _judge_copy(
    name: str, voices: Voices, speaker: str, clip: Recorded, listeners: Listeners
) -> MeasuredClip:
    """The recording's mel and F0 through a vocoder."""
    mel = voices.vocoder.mel
    wave = clip.wave(mel)
    mels = LogMel(mel)(torch.from_numpy(wave)[None])
    asked_hz = pitch_of(wave, mel)[: mels.shape[2]]
    pitch_hz = torch.from_numpy(np.pad(asked_hz, (0, mels.shape[2] - len(asked_hz))))[None]
    made = waveforms(voices.vocoder.vocoder, mels, pitch_hz.float())[0].numpy()
    system = f"{RECORDINGS}+{name}"
    return _judge(system, speaker, clip.line, made, asked_hz, mel, listeners)


def _judge(
    system: str,
    speaker: str,
    line: Line,
    wave: np.ndarray,
    asked_hz: np.ndarray | None,
    mel: MelConfig,
    listeners: Listeners,
) -> MeasuredClip:
    """A wave (S,) at the rate of `mel`, of which F0 (T,) was asked, or none.

    Whoever spoke, listeners hear it trimmed and at one level, for the opinions of judges move with
    both; F0 is measured where it was asked, in the wave as it came.
    """
    import soxr

    measured_hz = pitch_of(wave, mel)
    voiced_hz = measured_hz[measured_hz > 0]
    cents, wrong = (None, None) if asked_hz is None else compare_pitch(asked_hz, measured_hz)
    trimmed = trim_and_level(wave, mel)
    slow = soxr.resample(trimmed, mel.sample_rate, SAMPLE_RATE).astype(np.float32)
    whisper, whole = listeners.whisper, line.kind == WHOLE
    text = whisper.transcribe(slow) if whisper else ""
    edits, count = word_errors(line.text, text)
    return MeasuredClip(
        system=system,
        speaker=speaker,
        line=line,
        mos=listeners.mos(slow) if whole else None,
        dnsmos=listeners.dnsmos(slow) if whole else None,
        edits=edits if whisper else None,
        num_words=count,
        hypothesis=text,
        surprisal=whisper.surprisal(slow, line.text) if whisper and whole else None,
        pitch_off_cents=cents,
        voicing_wrong=wrong,
        pitch_hz=float(np.median(voiced_hz)) if len(voiced_hz) else None,
        pitch_spread=float(12 * np.std(np.log2(voiced_hz))) if len(voiced_hz) else None,
    )


def accent_of(speaker: str) -> str:
    """British for Kokoro's British voices (`kokoro-bf_emma`), American for all others."""
    return "en-gb" if speaker.startswith(("kokoro-bf_", "kokoro-bm_")) else "en-us"


def table(rows: Sequence[MeasuredClip]) -> str:
    """A row a voice, most natural first within its system; then the median voice of each."""
    by_voice = _by_voice(rows)
    lines = []
    for system in dict.fromkeys(row.system for row in rows):
        own = {who: found for (name, who), found in by_voice.items() if name == system}
        ordered = sorted(own, key=lambda who: -_of_sentences(own[who], "mos"))
        lines += [[f"{who}, {system}", *_cells(own[who])] for who in ordered]
        lines.append([f"**median, {system}**", *_median_cells([own[who] for who in ordered])])
    return markdown_table(("voice", *_HEADER), lines)


def _by_voice(rows: Sequence[MeasuredClip]) -> dict[tuple[str, str], list[MeasuredClip]]:
    by_voice: dict[tuple[str, str], list[MeasuredClip]] = {}
    for row in rows:
        by_voice.setdefault((row.system, row.speaker), []).append(row)
    return by_voice


def findings(rows: Sequence[MeasuredClip]) -> list[str]:
    """What the median voice of every system loses against its own recordings, and how far its
    pitch moves beside theirs; and what systems gain on those before them, sentence by sentence.
    """
    return [*_beside_recordings(rows), *_beside_earlier(rows)]


def _beside_recordings(rows: Sequence[MeasuredClip]) -> list[str]:
    """Empty without recordings."""
    voices = {voice: _figures(found) for voice, found in _by_voice(rows).items()}
    lines = []
    for system in dict.fromkeys(system for system, _ in voices if system != RECORDINGS):
        pairs = [
            (own, voices[RECORDINGS, speaker])
            for (name, speaker), own in voices.items()
            if name == system and (RECORDINGS, speaker) in voices
        ]
        if pairs:
            loss = np.median([(real[0] or 0) - (own[0] or 0) for own, real in pairs])
            spread = np.median([own[-1] / real[-1] for own, real in pairs if own[-1] and real[-1]])
            lines.append(
                f"{system}: {len(pairs)} voices, distillMOS {loss:.2f} below their recordings in "
                f"the median, F0 spread {spread:.2f} x theirs"
            )
    return lines


def _beside_earlier(rows: Sequence[MeasuredClip]) -> list[str]:
    """What every system gains on those before it that say the same sentences in the same voices,
    with the standard error of the mean: differences vary far less than sentences do.
    """
    clips: dict[str, dict[tuple[str, str], MeasuredClip]] = {}
    for row in rows:
        if row.line.kind == WHOLE and not row.system.startswith(RECORDINGS):
            clips.setdefault(row.system, {})[row.speaker, row.line.text] = row
    lines = []
    for (first, theirs), (system, own) in itertools.combinations(clips.items(), 2):
        pairs = [(theirs[key], own[key]) for key in own if key in theirs]
        if len(pairs) > 1:
            gains = [
                *_gain(pairs, "mos", "distillMOS", 3),
                *_gain(pairs, "surprisal", "surprisal", 4),
            ]
            lines.append(f"{system} beside {first}, {len(pairs)} sentences: {', '.join(gains)}")
    return lines


def _gain(
    pairs: Sequence[tuple[MeasuredClip, MeasuredClip]], measured: str, name: str, places: int
) -> list[str]:
    """The mean difference of a figure within pairs; empty where it was not measured."""
    values = [(getattr(before, measured), getattr(after, measured)) for before, after in pairs]
    gains = [after - before for before, after in values if None not in (before, after)]
    if len(gains) < 2:
        return []
    error = np.std(gains, ddof=1) / len(gains) ** 0.5
    return [f"{name} {np.mean(gains):+.{places}f} (standard error {error:.{places}f})"]


def _median_cells(voices: Sequence[Sequence[MeasuredClip]]) -> list[str]:
    figures = [_figures(found) for found in voices]
    middle = [
        float(np.median(there)) if (there := [v for v in column if v is not None]) else None
        for column in zip(*figures, strict=True)
    ]
    return _written(middle)


def _cells(found: Sequence[MeasuredClip]) -> list[str]:
    return _written(_figures(found))


def _figures(found: Sequence[MeasuredClip]) -> list[float | None]:
    return [
        _of_sentences(found, "mos"),
        _of_sentences(found, "dnsmos"),
        *(_error_rate(found, kind) for kind in (WHOLE, "word", "digits")),
        mean([row.surprisal for row in found]),
        mean([row.pitch_off_cents for row in found]),
        mean([row.voicing_wrong for row in found]),
        mean([row.pitch_hz for row in found]),
        mean([row.pitch_spread for row in found if row.line.kind == WHOLE]),
    ]


def _written(figures: Sequence[float | None]) -> list[str]:
    mos, dnsmos, *wers, surprisal, cents, wrong, hertz, spread = figures
    return [
        decimal(mos),
        decimal(dnsmos),
        *(percent(rate) for rate in wers),
        decimal(surprisal, 3),
        decimal(cents, 0),
        percent(wrong),
        decimal(hertz, 0),
        decimal(spread),
    ]


def _of_sentences(found: Sequence[MeasuredClip], name: str) -> float:
    return float(np.mean([getattr(row, name) for row in found if row.line.kind == WHOLE]))


def _error_rate(found: Sequence[MeasuredClip], kind: str) -> float | None:
    transcribed = [row for row in found if row.line.kind == kind]
    edits = [row.edits for row in transcribed if row.edits is not None]
    return sum(edits) / sum(row.num_words for row in transcribed) if edits else None


def write_clips(rows: Sequence[MeasuredClip], path: Path) -> None:
    """A CSV with every clip."""
    clip = ("system", "speaker", "kind", "text", "hypothesis", "mos", "dnsmos", "edits", "words")
    header = (*clip, "surprisal", "pitch_off_cents", "voicing_wrong", "pitch_hz", "pitch_spread")
    write_csv(path, header, [_clip_cells(row) for row in rows])


def _clip_cells(row: MeasuredClip) -> list[object]:
    start: list[object] = [row.system, row.speaker, row.line.kind, row.line.text, row.hypothesis]
    measured = [row.mos, row.dnsmos, row.edits, row.num_words, row.surprisal]
    pitch = [row.pitch_off_cents, row.voicing_wrong, row.pitch_hz, row.pitch_spread]
    return [*start, *measured, *pitch]
