"""What the judge catches: broken clips, and how many whole recordings it takes for broken.

    python -m benchmarks.judge --corpus DIR [--folders NAME ...] [--limit N]

DIR holds corpora in LJSpeech layout. Their held-out sentences, which no shipped model was trained
on, are judged as they are, and then once for each way of breaking them.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.errors import VoxloomError
from models.evaluation.tables import markdown_table
from models.phonology.phonemes import Phonemizer
from models.training.corpus import CorpusConfig, read_corpora
from pipeline.audio.files import read_audio
from pipeline.judging.judge import Judge, JudgeConfig, faults_of
from pipeline.randomness import rng_for

SAMPLE_RATE = 22050
Break = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording (S,) at 22,050 Hz and the phonemes that it says."""

    id: str
    wave: np.ndarray
    phonemes: str


def _truncated(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return wave[: round(rng.uniform(0.4, 0.7) * len(wave))]


def _repeated(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A quarter to a third of the clip said twice."""
    length = round(rng.uniform(0.25, 0.33) * len(wave))
    start = int(rng.integers(round(0.15 * len(wave)), round(0.85 * len(wave)) - length))
    return np.concatenate([wave[: start + length], wave[start:]])


def _noise(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (0.05 * rng.standard_normal(len(wave))).astype(np.float32)


def _clipped(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Driven 6 to 20 dB beyond full scale."""
    gain = 10 ** (rng.uniform(6, 20) / 20) / np.abs(wave).max()
    return np.clip(wave * np.float32(gain), -1.0, 1.0)


def _gap(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sound drops out for more than a second."""
    at = round(rng.uniform(0.3, 0.7) * len(wave))
    silence = np.zeros(round(rng.uniform(1.2, 2.0) * SAMPLE_RATE), np.float32)
    return np.concatenate([wave[:at], silence, wave[at:]])


BREAKS: dict[str, Break] = {
    "silence": lambda wave, _: np.zeros_like(wave),
    "truncated": _truncated,
    "repeated segment": _repeated,
    "noise only": _noise,
    "clipped": _clipped,
    "dropout": _gap,
}
WHOLE, WRONG_TEXT = "whole", "wrong text"


def held_out(corpus: CorpusConfig, limit: int | None = None) -> list[Spoken]:
    """The first `limit` held-out recordings of the corpora."""
    recordings = [clip for clip in read_corpora(corpus) if clip.held_out][:limit]
    phonemes = Phonemizer().phonemize([clip.text for clip in recordings])
    return [
        Spoken(clip.id, read_audio(clip.path, SAMPLE_RATE), spoken)
        for clip, spoken in zip(recordings, phonemes, strict=True)
    ]


def clips_of(kind: str, recordings: Sequence[Spoken]) -> Iterator[Spoken]:
    """The recordings broken in the way `kind`, each by its own seed."""
    for number, clip in enumerate(recordings):
        if kind == WHOLE:
            yield clip
        elif kind == WRONG_TEXT:
            yield Spoken(clip.id, clip.wave, recordings[number - 1].phonemes)
        else:
            rng = rng_for(0, "break", f"{kind}|{clip.id}")
            yield Spoken(clip.id, BREAKS[kind](clip.wave, rng), clip.phonemes)


def flagged(clips: Iterator[Spoken], judge: Judge) -> list[tuple[str, tuple[str, ...]]]:
    """Each clip's id and what the judge finds wrong with it."""
    return [
        (clip.id, faults_of(judge.judge(clip.wave, SAMPLE_RATE, clip.phonemes), judge.config))
        for clip in clips
    ]


def measure(recordings: Sequence[Spoken], judge: Judge) -> list[list[str]]:
    """A row for whole recordings, and one for each way of breaking them."""
    rows = []
    for kind in (WHOLE, *BREAKS, WRONG_TEXT):
        found = [faults for _, faults in flagged(clips_of(kind, recordings), judge)]
        share = sum(map(bool, found)) / len(found)
        reasons = [fault.rsplit(" ", 2)[0] for faults in found for fault in faults[:1]]
        usual = max(set(reasons), key=reasons.count) if reasons else ""
        rows.append([kind, str(len(found)), f"{share:.1%}", usual])
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--folders", nargs="*", default=[])
    parser.add_argument("--limit", type=int)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        recordings = held_out(CorpusConfig(asked.corpus, tuple(asked.folders)), asked.limit)
        if not recordings:
            raise SystemExit(f"error: {asked.corpus}: no held-out recording in it")
        rows = measure(recordings, Judge(JudgeConfig()))
    except VoxloomError as error:
        raise SystemExit(f"error: {error}") from None
    print(markdown_table(["clips", "number", "flagged", "most for"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
