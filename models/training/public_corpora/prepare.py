"""Preparation of a corpus folder for training: checked, split, measured, aligned.

The features and alignments go into the cache that the recipes read, under the same names: a
training run that comes after computes nothing of it again.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.checkpoint import Checkpoint
from models.errors import DataError
from models.sound_files import read_header
from models.training.align import align_corpus, alignment_of, unaligned
from models.training.corpus import CorpusConfig, Recording, read_corpora
from models.training.features import prepare_features
from models.training.left_out import tell_left_out


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """What there is of one speaker, in clips and minutes, and what of it training cannot use."""

    clips: int
    minutes: float
    held_out: int
    left_out: int  # of those that are listed: not measured, or not aligned


def prepare_corpus(
    corpus: CorpusConfig,
    recognizer: Checkpoint,
    cache: Path,
    report: Callable[[str], None] = lambda message: None,
) -> dict[str, SpeakerFigures]:
    """Check, split, measure and align; the figures of each speaker.

    What cannot be used is reported, a line each. Raises `DataError` where a split would be empty.
    """
    recordings = read_corpora(corpus, [])
    features = prepare_features(corpus, recognizer.mel, cache, report)
    report(f"aligning {len(features.clips)} clips with {recognizer.name}")
    alignments = align_corpus(features, recognizer, cache)
    not_aligned = unaligned(features, alignments)
    tell_left_out(not_aligned, len(features.clips), report, cache / "not_aligned.txt")
    usable = Counter(
        clip.speaker for clip in features.clips if alignment_of(clip, alignments) is not None
    )
    return {
        speaker: _figures(clips, usable[speaker])
        for speaker, clips in _by_speaker(recordings).items()
    }


def _figures(clips: Sequence[Recording], usable: int) -> SpeakerFigures:
    return SpeakerFigures(
        clips=len(clips),
        minutes=sum(_duration_s(clip.path) for clip in clips) / 60,
        held_out=sum(clip.held_out for clip in clips),
        left_out=len(clips) - usable,
    )


def _by_speaker(recordings: Sequence[Recording]) -> dict[str, list[Recording]]:
    speakers: dict[str, list[Recording]] = {}
    for recording in recordings:
        speakers.setdefault(recording.speaker, []).append(recording)
    return speakers


def _duration_s(path: Path) -> float:
    """0 for a file that is no sound, which has been left out."""
    try:
        header = read_header(path)
    except DataError:
        return 0.0
    return header.frames / header.rate
