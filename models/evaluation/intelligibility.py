"""Intelligibility: phone and word error rates of recordings, flite and trained voices.

Every source says the same held-out sentences, which no model was trained on. Two listeners:
our recognizer (phone error rate, PER) and pocketsphinx (word error rate, WER).
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import ConfigError, DataError
from models.evaluation.held_out import held_out_recordings
from models.evaluation.listener import Errors, Listener
from models.evaluation.speech import Choice, ProsodySettings, Voices, recorded, spoken_by_flite
from models.evaluation.tables import MISSING, markdown_table, percent, verdict, write_csv
from models.evaluation.transcriber import SAMPLE_RATE, check_transcriber, transcribe, word_errors
from models.phonology.phonemes import Phonemizer
from models.training.corpus import CorpusConfig, Recording
from models.training.teaching.flite import FliteTeacher

SOURCES = ("recordings", "flite", "ours")
MEDIAN_LIMIT = 1.3  # times the PER of real recordings


@dataclass(frozen=True, slots=True)
class IntelligibilityRequest:
    """Which `sources` say `count` held-out sentences of the corpus.

    WER is counted for recordings, flite, and the `transcribe` voices of ours with the lowest PER
    (-1: all), by `jobs` processes; transcripts are kept in `cache`.
    """

    corpus: CorpusConfig
    acoustic: str = "fastspeech2"
    vocoder: str = "harmonic"
    recognizer: str = "recognizer"
    count: int = 60
    choice: Choice = Choice()
    prosody: ProsodySettings = ProsodySettings()
    sources: tuple[str, ...] = SOURCES
    transcribe: int = 4
    flite_voice: str = "slt"
    device: str = "cpu"
    jobs: int = 1
    cache: Path = Path("runs/cache/evaluation")

    def __post_init__(self) -> None:
        for source in self.sources:
            if source not in SOURCES:
                raise ConfigError(f"source {source}: unknown; allowed: {', '.join(SOURCES)}")
        if self.flite_voice not in FliteTeacher.voices:  # flite takes any name without complaint
            allowed = ", ".join(FliteTeacher.voices)
            raise ConfigError(f"--flite-voice {self.flite_voice}: unknown; allowed: {allowed}")


@dataclass(frozen=True, slots=True)
class Row:
    """A source and how it was understood; `words` is None where pocketsphinx did not listen."""

    name: str
    is_ours: bool
    seconds: float  # of speech
    phones: Errors
    words: Errors | None = None
    hypotheses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intelligibility:
    """Rows in the order of the table, the sentences, and notes on what was left out."""

    rows: list[Row]
    sentences: list[Recording]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Spoken:
    row: Row
    waves: list[np.ndarray]  # 16 kHz int16, for pocketsphinx


def evaluate_intelligibility(
    request: IntelligibilityRequest, report: Callable[[str], None]
) -> Intelligibility:
    """Every source, the trained voices by their PER. Raises `VoxloomError` for what is missing."""
    return _Evaluation(request, report).run()


class _Evaluation:
    """One run: the sentences, who listens, and what was left out so far."""

    def __init__(self, request: IntelligibilityRequest, report: Callable[[str], None]) -> None:
        self._request, self._report = request, report
        self._voices = self._read_voices() if "ours" in request.sources else None
        self._listener = Listener(request.recognizer, request.device)
        self._mel = self._listener.checkpoint.mel
        self._sentences = held_out_recordings(request.corpus, request.count)
        self._texts = [sentence.text for sentence in self._sentences]
        self._phonemes = Phonemizer().phonemize(self._texts)
        self._notes: list[str] = []

    def run(self) -> Intelligibility:
        references = list(self._references())
        ours = list(self._ours(self._voices)) if self._voices else []
        ours.sort(key=lambda spoken: spoken.row.phones.rate)
        transcribed = len(ours) if self._request.transcribe < 0 else self._request.transcribe
        rows = [self._transcribed(spoken) for spoken in [*references, *ours[:transcribed]]]
        rows += [spoken.row for spoken in ours[transcribed:]]
        return Intelligibility(rows, self._sentences, self._notes)

    def _references(self) -> Iterator[_Spoken]:
        if "recordings" in self._request.sources:
            yield self._listen("real recordings", recorded(self._sentences, self._mel))
        if "flite" in self._request.sources:
            voice = self._request.flite_voice
            try:
                waves = spoken_by_flite(self._texts, voice, self._mel)
            except DataError as error:
                self._notes.append(f"flite left out: {error}")
            else:
                yield self._listen(f"flite {voice}", waves)

    def _read_voices(self) -> Voices:
        request = self._request
        return Voices(request.acoustic, request.vocoder, request.device, request.choice)

    def _ours(self, voices: Voices) -> Iterator[_Spoken]:
        prosody = self._request.prosody
        for name in voices.names:
            waves = voices.speak(self._texts, self._phonemes, name, prosody, self._mel)
            yield self._listen(name, waves, is_ours=True)

    def _listen(self, name: str, waves: Sequence[np.ndarray], is_ours: bool = False) -> _Spoken:
        """The clips of a source, scored and resampled for pocketsphinx."""
        errors = self._listener.phone_errors(waves, self._phonemes)
        seconds = sum(map(len, waves)) / self._mel.sample_rate
        self._report(f"{name}: PER {percent(errors.rate)}, {seconds:.0f} s of speech")
        narrow = [_for_words(wave, self._mel.sample_rate) for wave in waves]
        return _Spoken(Row(name, is_ours, seconds, errors), narrow)

    def _transcribed(self, spoken: _Spoken) -> Row:
        try:
            check_transcriber()
        except DataError as error:
            if (note := f"WER left out: {error}") not in self._notes:
                self._notes.append(note)
            return spoken.row
        started = time.perf_counter()
        kept = self._request.cache / "pocketsphinx.jsonl"
        hypotheses = transcribe(spoken.waves, kept, self._request.jobs)
        counts = np.array(
            [word_errors(*pair) for pair in zip(hypotheses, self._texts, strict=True)]
        )
        words = Errors(counts[:, 0], counts[:, 1])
        took_s = (time.perf_counter() - started) / len(self._texts)
        self._report(f"{spoken.row.name}: WER {percent(words.rate)}, {took_s:.2f} s a clip")
        return dataclasses.replace(spoken.row, words=words, hypotheses=tuple(hypotheses))


def _for_words(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    import soxr

    narrow = soxr.resample(wave, sample_rate, SAMPLE_RATE)
    return np.round(np.clip(narrow, -1, 1) * 32767).astype(np.int16)


def two_best(rows: Sequence[Row]) -> list[Row]:
    """The trained voices that come closest to both targets: the larger of PER over that of
    recordings and WER over that of flite is smallest. Those without a WER come last.
    """
    real, flite = reference(rows, "real recordings"), reference(rows, "flite")

    def distance(row: Row) -> tuple[bool, float]:
        per = row.phones.rate / max(real.phones.rate, 1e-9) if real else row.phones.rate
        if row.words is None or flite is None or flite.words is None:
            return True, per
        return False, max(per, row.words.rate / max(flite.words.rate, 1e-9))

    return sorted((row for row in rows if row.is_ours), key=distance)[:2]


def median_speaker(rows: Sequence[Row]) -> Row:
    """The trained voice in the middle by PER; of two in the middle, the worse."""
    ours = sorted((row for row in rows if row.is_ours), key=lambda row: row.phones.rate)
    return ours[len(ours) // 2]


def reference(rows: Sequence[Row], name: str) -> Row | None:
    """The first row of recordings or flite whose name begins so."""
    found = (row for row in rows if not row.is_ours and row.name.startswith(name))
    return next(found, None)


def findings(rows: Sequence[Row]) -> list[str]:
    """The targets, each with its figures and whether it is met; empty without voices of ours."""
    real, flite = reference(rows, "real recordings"), reference(rows, "flite")
    if real is None or not any(row.is_ours for row in rows):
        return []
    lines = []
    for row in two_best(rows):
        ratio = row.phones.rate / max(real.phones.rate, 1e-9)
        lines.append(
            f"best two: {row.name}: PER {percent(row.phones.rate)} is {ratio:.2f} x real "
            f"recordings (at most 1.00): {verdict(ratio <= 1)}"
        )
        if row.words is not None and flite is not None and flite.words is not None:
            lines.append(
                f"best two: {row.name}: WER {percent(row.words.rate)} against flite's "
                f"{percent(flite.words.rate)} (no higher): "
                f"{verdict(row.words.rate <= flite.words.rate)}"
            )
    median = median_speaker(rows)
    ratio = median.phones.rate / max(real.phones.rate, 1e-9)
    lines.append(
        f"median speaker: {median.name}: PER {percent(median.phones.rate)} is {ratio:.2f} x "
        f"real recordings (at most {MEDIAN_LIMIT}): {verdict(ratio <= MEDIAN_LIMIT)}"
    )
    return lines


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, with 95 % bootstrap intervals over sentences."""
    real = reference(rows, "real recordings")
    header = ("source", "PER", "95 %", "x real", "WER", "95 %", "speech")
    return markdown_table(header, [_cells(row, real) for row in rows])


def _cells(row: Row, real: Row | None) -> list[str]:
    ratio = f"{row.phones.rate / max(real.phones.rate, 1e-9):.2f}" if real else MISSING
    return [
        row.name,
        percent(row.phones.rate),
        _interval(row.phones),
        ratio,
        percent(row.words.rate if row.words else None),
        _interval(row.words),
        f"{row.seconds:.0f} s",
    ]


def _interval(errors: Errors | None) -> str:
    if errors is None:
        return MISSING
    low, high = errors.interval()
    return f"{100 * low:.1f} to {100 * high:.1f}"


def write_results(rows: Sequence[Row], sentences: Sequence[Recording], folder: Path) -> None:
    """`summary.csv`, a line a source, and `clips.csv`, a line a source and sentence."""
    summary = [
        (
            row.name,
            row.phones.rate,
            *row.phones.interval(),
            *((row.words.rate, *row.words.interval()) if row.words else ("", "", "")),
            row.seconds,
        )
        for row in rows
    ]
    header = ("source", "per", "per_low", "per_high", "wer", "wer_low", "wer_high", "seconds")
    write_csv(folder / "summary.csv", header, summary)
    clips = [
        (
            row.name,
            sentence.id,
            row.phones.edits[number],
            row.phones.lengths[number],
            row.words.edits[number] if row.words else "",
            row.words.lengths[number] if row.words else "",
            sentence.text,
            row.hypotheses[number] if row.hypotheses else "",
        )
        for row in rows
        for number, sentence in enumerate(sentences)
    ]
    header = ("source", "id", "phone_edits", "phones", "word_edits", "words", "text", "hypothesis")
    write_csv(folder / "clips.csv", header, clips)
