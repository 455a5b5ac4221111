"""Can the voices be understood? Recordings, flite and trained voices side by side.

    python -m models.evaluation.intelligibility --acoustic fastspeech2 --vocoder vocos \\
        --recognizer recognizer --corpus ../shared/corpora/speech

Every source says the same held-out sentences, which no model was trained on. Two listeners:
our recognizer (phone error rate, PER) and pocketsphinx (word error rate, WER).
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import DataError, VoxloomError
from models.evaluation.held_out import FOLDERS, held_out_recordings
from models.evaluation.listener import Errors, Listener
from models.evaluation.speech import Choice, Manner, Voices, recorded, spoken_by_flite
from models.evaluation.tables import MISSING, markdown_table, percent, verdict, write_csv
from models.evaluation.transcriber import SAMPLE_RATE, check_transcriber, transcribe, word_errors
from models.phonology.phonemes import Phonemizer
from models.training.corpus import CorpusConfig, Recording

SOURCES = ("recordings", "flite", "ours")
MEDIAN_LIMIT = 1.3  # times the PER of real recordings


@dataclass(frozen=True, slots=True)
class Row:
    """A source and how it was understood; `words` is None where pocketsphinx did not listen."""

    name: str
    is_ours: bool
    seconds: float  # of speech
    phones: Errors
    words: Errors | None = None
    heard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Spoken:
    name: str
    waves: list[np.ndarray]  # 16 kHz int16, for pocketsphinx
    seconds: float
    phones: Errors


def _listen(
    listener: Listener, name: str, waves: Sequence[np.ndarray], phonemes: Sequence[str]
) -> _Spoken:
    """What a source said, scored and made ready for pocketsphinx."""
    sample_rate = listener.checkpoint.mel.sample_rate
    errors = listener.phone_errors(waves, phonemes)
    seconds = sum(map(len, waves)) / sample_rate
    _progress(f"{name}: PER {percent(errors.rate)}, {seconds:.0f} s of speech")
    return _Spoken(name, [_for_words(wave, sample_rate) for wave in waves], seconds, errors)


def evaluate(arguments: argparse.Namespace) -> tuple[list[Row], list[str], list[Recording]]:
    """Rows in the order of the table, notes on what was left out, and the sentences."""
    listener = Listener(arguments.recognizer, arguments.device)
    sentences = held_out_recordings(
        CorpusConfig(root=arguments.corpus, folders=tuple(arguments.folders)), arguments.count
    )
    texts = [sentence.text for sentence in sentences]
    phonemes = Phonemizer().phonemize(texts)
    notes: list[str] = []
    references = _references(arguments, listener, sentences, phonemes, notes)
    ours = _ours(arguments, listener, texts, phonemes) if "ours" in arguments.only else []
    ours.sort(key=lambda spoken: spoken.phones.rate)
    rows = [_transcribed(spoken, False, texts, arguments, notes) for spoken in references]
    for place, spoken in enumerate(ours):
        if arguments.transcribe < 0 or place < arguments.transcribe:
            rows.append(_transcribed(spoken, True, texts, arguments, notes))
        else:
            rows.append(Row(spoken.name, True, spoken.seconds, spoken.phones))
    return rows, notes, sentences


def _references(
    arguments: argparse.Namespace,
    listener: Listener,
    sentences: Sequence[Recording],
    phonemes: Sequence[str],
    notes: list[str],
) -> list[_Spoken]:
    mel, spoken = listener.checkpoint.mel, []
    if "recordings" in arguments.only:
        spoken.append(_listen(listener, "real recordings", recorded(sentences, mel), phonemes))
    if "flite" in arguments.only:
        texts = [sentence.text for sentence in sentences]
        try:
            waves = spoken_by_flite(texts, arguments.flite_voice, mel)
            spoken.append(_listen(listener, f"flite {arguments.flite_voice}", waves, phonemes))
        except DataError as error:
            notes.append(f"flite left out: {error}")
    return spoken


def _ours(
    arguments: argparse.Namespace,
    listener: Listener,
    texts: Sequence[str],
    phonemes: Sequence[str],
) -> list[_Spoken]:
    choice = Choice(tuple(arguments.speakers), arguments.seed, arguments.spread)
    voices = Voices(arguments.acoustic, arguments.vocoder, arguments.device, choice)
    manner = Manner(arguments.pace, arguments.pitch_semitones, arguments.energy)
    mel = listener.checkpoint.mel
    return [
        _listen(listener, speaker, voices.speak(texts, phonemes, speaker, manner, mel), phonemes)
        for speaker in voices.names
    ]


def _for_words(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    import soxr

    narrow = soxr.resample(wave, sample_rate, SAMPLE_RATE)
    return np.round(np.clip(narrow, -1, 1) * 32767).astype(np.int16)


def _transcribed(
    spoken: _Spoken,
    is_ours: bool,
    texts: Sequence[str],
    arguments: argparse.Namespace,
    notes: list[str],
) -> Row:
    row = Row(spoken.name, is_ours, spoken.seconds, spoken.phones)
    try:
        check_transcriber()
    except DataError as error:
        if (note := f"WER left out: {error}") not in notes:
            notes.append(note)
        return row
    started = time.perf_counter()
    heard = transcribe(spoken.waves, arguments.cache / "pocketsphinx.jsonl", arguments.jobs)
    counts = np.array([word_errors(*pair) for pair in zip(heard, texts, strict=True)])
    words = Errors(counts[:, 0], counts[:, 1])
    took = (time.perf_counter() - started) / len(texts)
    _progress(f"{spoken.name}: WER {percent(words.rate)}, {took:.2f} s a clip")
    return Row(row.name, is_ours, row.seconds, row.phones, words, tuple(heard))


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
            row.heard[number] if row.heard else "",
        )
        for row in rows
        for number, sentence in enumerate(sentences)
    ]
    header = ("source", "id", "phone_edits", "phones", "word_edits", "words", "text", "heard")
    write_csv(folder / "clips.csv", header, clips)


def _progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.evaluation.intelligibility",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--acoustic", default="fastspeech2", help="checkpoint name or folder")
    parser.add_argument("--vocoder", default="vocos", help="checkpoint name or folder")
    parser.add_argument("--recognizer", default="recognizer", help="checkpoint name or folder")
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora/speech"))
    parser.add_argument("--folders", nargs="*", default=list(FOLDERS), help="below --corpus")
    parser.add_argument("--count", type=int, default=60, help="sentences (default 60)")
    parser.add_argument(
        "--speakers",
        nargs="+",
        default=[],
        help="names, `all` (default), mixes as in 'mix(a, b, 0.4)', generated-000 and so on",
    )
    parser.add_argument("--seed", type=int, default=0, help="of generated voices (default 0)")
    parser.add_argument("--spread", type=float, default=1.0, help="of generated voices (default 1)")
    parser.add_argument("--only", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument(
        "--transcribe",
        type=int,
        default=4,
        help="WER for this many voices of ours, lowest PER first (default 4; -1: all)",
    )
    parser.add_argument("--flite-voice", default="slt")
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--pitch-semitones", type=float, default=0.0)
    parser.add_argument("--energy", type=float, default=1.0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1, help="pocketsphinx processes (default 1)")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache/evaluation"))
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation/intelligibility"))
    arguments = parser.parse_args(argv)
    if arguments.count < 1:
        parser.error("--count: at least 1")
    try:
        Manner(arguments.pace, arguments.pitch_semitones, arguments.energy)
    except ValueError as error:
        parser.error(str(error))
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table and the targets, writes CSVs; 1 when something is missing."""
    arguments = _arguments(argv)
    try:
        rows, notes, sentences = evaluate(arguments)
    except VoxloomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_results(rows, sentences, arguments.out)
    print(f"{len(sentences)} held-out sentences from {', '.join(arguments.folders)}\n")
    print(table(rows), "", *findings(rows), *notes, sep="\n")
    print(f"\nper clip: {arguments.out / 'clips.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
