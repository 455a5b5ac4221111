"""Naturalness: predicted MOS, word error rate, and requested against measured pitch.

A system is an acoustic model and a vocoder. Every voice of every system says the same lines from
text alone; judges that never met our data listen (`models/evaluation/opinions.py`). T frames.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import ConfigError, DataError
from models.evaluation.opinions import (
    SAMPLE_RATE,
    Opinion,
    load_distillmos,
    load_dnsmos,
    load_whisper,
    mean,
    word_errors,
)
from models.evaluation.speech import Choice, ProsodySettings, Voices
from models.evaluation.tables import decimal, markdown_table, percent, write_csv
from models.phonology.phonemes import Phonemizer
from models.text_files import lines_of, read_text
from models.training.measured import pitch_of

LINES = Path(__file__).with_name("voice_lines.txt")
WHOLE = "sentence"  # the kind of line whose naturalness is told: judges know no single words
_HEADER = ("distillMOS", "DNSMOS", "WER", "words", "digits", "F0 off, cents", "voicing wrong", "F0")


@dataclass(frozen=True, slots=True)
class NaturalnessRequest:
    """`systems` are ACOUSTIC+VOCODER; `speakers` by name, those that a system lacks are passed
    over; none: those that it features. `per_kind` lines of each kind, all where None.
    """

    systems: tuple[str, ...]
    speakers: tuple[str, ...] = ()
    whisper: Path | None = None
    per_kind: int | None = None
    lines: Path = LINES


@dataclass(frozen=True, slots=True)
class Line:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class MeasuredClip:
    """What was measured of a clip; None where nobody could."""

    system: str
    speaker: str
    line: Line
    mos: float
    dnsmos: float
    edits: int | None
    num_words: int
    hypothesis: str
    pitch_off_cents: float | None
    voicing_wrong: float | None
    pitch_hz: float | None


def read_lines(path: Path, per_kind: int | None = None) -> list[Line]:
    """`kind|text` a line, `#` before remarks; `per_kind` of each at most. Raises `DataError`."""
    lines: list[Line] = []
    for number, row in enumerate(lines_of(read_text(path, "sentences")), start=1):
        if not row.strip() or row.startswith("#"):
            continue
        kind, found, text = row.partition("|")
        if not found or not text.strip():
            raise DataError(f"{path}:{number}: expected kind|text, found {row!r}")
        if per_kind is None or sum(line.kind == kind for line in lines) < per_kind:
            lines.append(Line(kind, text.strip()))
    if not lines:
        raise DataError(f"{path}: no lines")
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
    judges = load_distillmos(), load_dnsmos()
    transcribe = load_whisper(request.whisper) if request.whisper else None
    rows = []
    for system in request.systems:
        voices = _open_system(system)
        for speaker in _speakers(voices, request.speakers):
            found = list(_listen(system, voices, speaker, lines, judges, transcribe))
            rows += found
            report(f"{system} {speaker}: distillMOS {_of_sentences(found, 'mos'):.2f}")
    if not rows:
        raise ConfigError(f"speakers: none of {', '.join(request.speakers)} is in any system")
    return rows


def _open_system(system: str) -> Voices:
    acoustic, found, vocoder = system.rpartition("+")
    if not found:
        raise ConfigError(f"systems: {system}: expected ACOUSTIC+VOCODER")
    return Voices(acoustic, vocoder, choice=Choice())


def _speakers(voices: Voices, asked: Sequence[str]) -> tuple[str, ...]:
    featured = voices.acoustic.info.featured or voices.names
    return tuple(name for name in asked if name in voices.names) if asked else tuple(featured)


def _listen(
    system: str,
    voices: Voices,
    speaker: str,
    lines: Sequence[Line],
    judges: tuple[Opinion, Opinion],
    transcribe: Callable[[np.ndarray], str] | None,
) -> Iterator[MeasuredClip]:
    import soxr

    mel = voices.vocoder.mel
    texts = [line.text for line in lines]
    phonemes = Phonemizer(accent_of(speaker)).phonemize(texts)
    spoken = voices.speak_with_pitch(texts, phonemes, speaker, ProsodySettings())
    for line, (wave, asked_hz) in zip(lines, spoken, strict=True):
        measured_hz = pitch_of(wave, mel)
        cents, wrong = (None, None) if asked_hz is None else compare_pitch(asked_hz, measured_hz)
        slow = soxr.resample(wave, mel.sample_rate, SAMPLE_RATE).astype(np.float32)
        text = transcribe(slow) if transcribe else ""
        edits, count = word_errors(line.text, text)
        yield MeasuredClip(
            system=system,
            speaker=speaker,
            line=line,
            mos=judges[0](slow),
            dnsmos=judges[1](slow),
            edits=edits if transcribe else None,
            num_words=count,
            hypothesis=text,
            pitch_off_cents=cents,
            voicing_wrong=wrong,
            pitch_hz=float(np.median(measured_hz[measured_hz > 0]))
            if (measured_hz > 0).any()
            else None,
        )


def accent_of(speaker: str) -> str:
    """British for Kokoro's British voices (`kokoro-bf_emma`), American for all others."""
    return "en-gb" if speaker.startswith(("kokoro-bf_", "kokoro-bm_")) else "en-us"


def table(rows: Sequence[MeasuredClip]) -> str:
    """A row a voice, most natural first within its system; then the median voice of each."""
    by_voice: dict[tuple[str, str], list[MeasuredClip]] = {}
    for row in rows:
        by_voice.setdefault((row.system, row.speaker), []).append(row)
    lines = []
    for system in dict.fromkeys(row.system for row in rows):
        own = {who: found for (name, who), found in by_voice.items() if name == system}
        ordered = sorted(own, key=lambda who: -_of_sentences(own[who], "mos"))
        lines += [[f"{who}, {system}", *_cells(own[who])] for who in ordered]
        lines.append([f"**median, {system}**", *_median_cells([own[who] for who in ordered])])
    return markdown_table(("voice", *_HEADER), lines)


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
        mean([row.pitch_off_cents for row in found]),
        mean([row.voicing_wrong for row in found]),
        mean([row.pitch_hz for row in found]),
    ]


def _written(figures: Sequence[float | None]) -> list[str]:
    mos, dnsmos, *wers, cents, wrong, hertz = figures
    return [
        decimal(mos),
        decimal(dnsmos),
        *(percent(rate) for rate in wers),
        decimal(cents, 0),
        percent(wrong),
        decimal(hertz, 0),
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
    header = (*clip, "pitch_off_cents", "voicing_wrong", "pitch_hz")
    write_csv(path, header, [_clip_cells(row) for row in rows])


def _clip_cells(row: MeasuredClip) -> list[object]:
    start: list[object] = [row.system, row.speaker, row.line.kind, row.line.text, row.hypothesis]
    measured = [row.mos, row.dnsmos, row.edits, row.num_words]
    return [*start, *measured, row.pitch_off_cents, row.voicing_wrong, row.pitch_hz]
