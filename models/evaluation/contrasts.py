"""Which contrasts of sounds a voice keeps: the diagnostic rhyme test (Voiers 1977, "Diagnostic
evaluation of speech intelligibility") with Whisper for a listener.

A voice says one word of a pair that differs in one sound, in a carrier sentence. The listener
weighs that sentence against the same one with the other word, and chooses. As it knows which words
are frequent, compare a voice with another of the same words, not with 100 %.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.errors import ConfigError, DataError
from models.evaluation.naturalness import accent_of, open_system, speakers_of
from models.evaluation.opinions import SAMPLE_RATE
from models.evaluation.other_synthesizers import open_synthesizer
from models.evaluation.speech import ProsodySettings
from models.evaluation.tables import decimal, markdown_table, percent, write_csv
from models.evaluation.whisper import Whisper
from models.mel import MelConfig
from models.phonology.phonemes import Phonemizer
from models.text_files import lines_of, read_text
from models.training.measured import trim_and_level

PAIRS = Path(__file__).with_name("contrast_pairs.txt")
_CARRIER = "Please say the word {} again."
_SURE = 5.0  # nats; beyond it a choice says no more


@dataclass(frozen=True, slots=True)
class ContrastRequest:
    """Who is tested: as in `NaturalnessRequest`."""

    systems: tuple[str, ...]
    whisper: Path
    speakers: tuple[str, ...] = ()
    pairs: Path = PAIRS
    beside: tuple[str, ...] = ()


class Pair(NamedTuple):
    """Two words, and the contrast by which they differ."""

    contrast: str
    words: tuple[str, str]


class Heard(NamedTuple):
    """One word by one voice. `margin` is by how many nats it is likelier than the other one."""

    system: str
    speaker: str
    contrast: str
    word: str
    other: str
    margin: float


def read_pairs(path: Path) -> list[Pair]:
    """`contrast|word other` a line, `#` before remarks. Raises `DataError` for another form."""
    pairs = []
    for number, row in enumerate(lines_of(read_text(path, "pairs")), start=1):
        if not row.strip() or row.startswith("#"):
            continue
        contrast, _, words = map(str.strip, row.partition("|"))
        match words.split():
            case [one, other] if contrast and one != other:
                pairs.append(Pair(contrast, (one, other)))
            case _:
                told = f"expected contrast|word other, two different words, found {row!r}"
                raise DataError(f"{path}:{number}: {told}")
    if not pairs:
        raise DataError(f"{path}: no contrast|word other")
    return pairs


def evaluate_contrasts(
    request: ContrastRequest, report: Callable[[str], None] = print
) -> list[Heard]:
    """Every word of every pair by every voice. Raises `DataError`, `CheckpointError`,
    `ConfigError`.
    """
    pairs = read_pairs(request.pairs)
    whisper = Whisper(request.whisper)
    words = tuple(dict.fromkeys(word for pair in pairs for word in pair.words))
    rows: list[Heard] = []
    for system, speaker, waves in _voices(request, [_CARRIER.format(word) for word in words]):
        said = dict(zip(words, waves, strict=True))
        own = [
            Heard(system, speaker, contrast, word, other, _margin(whisper, said[word], word, other))
            for contrast, (first, second) in pairs
            for word, other in ((first, second), (second, first))
        ]
        rows += own
        report(f"{system} {speaker}: {percent(_right(own))} chosen right")
    if not rows:
        raise ConfigError(f"speakers: none of {', '.join(request.speakers)} is in any system")
    return rows


def _voices(
    request: ContrastRequest, texts: Sequence[str]
) -> Iterator[tuple[str, str, list[np.ndarray]]]:
    """System, speaker, and all texts as waves (S,) at `SAMPLE_RATE`, trimmed and at one level."""
    systems = {system: open_system(system) for system in request.systems}
    mel = MelConfig()
    for other in [open_synthesizer(entry) for entry in request.beside]:
        waves = [_resampled(wave, mel) for wave in other.speak(texts, mel)]
        yield other.name, other.speaker, waves
    for system, voices in systems.items():
        for speaker in speakers_of(voices, request.speakers):
            phonemes = Phonemizer(accent_of(speaker)).phonemize(texts)
            spoken = voices.speak_with_pitch(texts, phonemes, speaker, ProsodySettings())
            own = voices.vocoder.mel
            waves = [_resampled(trim_and_level(one.wave, own), own) for one in spoken]
            yield system, speaker, waves


def _resampled(wave: np.ndarray, mel: MelConfig) -> np.ndarray:
    import soxr

    slow: np.ndarray = soxr.resample(wave, mel.sample_rate, SAMPLE_RATE)
    return slow.astype(np.float32)


def _margin(whisper: Whisper, wave: np.ndarray, word: str, other: str) -> float:
    texts = [_CARRIER.format(word), _CARRIER.format(other)]
    found = whisper.log_likelihoods(wave, texts)
    if found is None:
        raise DataError(f"{texts[0]!r} takes longer than half a minute")
    return found[0] - found[1]


def table(rows: Sequence[Heard]) -> str:
    """A row a contrast and one for all; of every system the share chosen right, and how surely: the
    mean margin in nats, of a word 5 at most.
    """
    systems = list(dict.fromkeys(row.system for row in rows))
    header = ["contrast", "pairs"]
    for system in systems:
        header += [f"{system}: right", "nats"]
    lines = []
    for contrast in [*dict.fromkeys(row.contrast for row in rows), None]:
        chosen = [row for row in rows if contrast in (None, row.contrast)]
        count = len({frozenset((row.word, row.other)) for row in chosen})
        cells = [contrast or "**all**", str(count)]
        for system in systems:
            own = [row for row in chosen if row.system == system]
            cells += [percent(_right(own)), decimal(_sureness(own))]
        lines.append(cells)
    return markdown_table(header, lines)


def _right(rows: Sequence[Heard]) -> float:
    return float(np.mean([row.margin > 0 for row in rows]))


def _sureness(rows: Sequence[Heard]) -> float:
    return float(np.mean([np.clip(row.margin, -_SURE, _SURE) for row in rows]))


def write_words(rows: Sequence[Heard], path: Path) -> None:
    """A CSV with every word."""
    write_csv(path, Heard._fields, rows)
