"""All that stands between a corpus folder and training: checked, split, measured, aligned.

The features and alignments go into the cache that the recipes read, under the same names: a
training run that comes after computes nothing of it again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.checkpoint import Checkpoint
from models.errors import DataError
from models.training.align import align_corpus, alignment_of
from models.training.corpus import CorpusConfig, Recording, read_corpora
from models.training.features import prepare_features

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """What there is of one speaker, in clips and minutes, and what of it training cannot use."""

    clips: int
    minutes: float
    held_out: int
    left_out: int  # too short or too long after the silence is cut, or not aligned


def check_clips(recordings: Sequence[Recording]) -> dict[str, float]:
    """How long each clip lasts, in seconds, by path.

    Raises `DataError` naming ids that occur twice for a speaker, and files that are no sound or
    have none in them: the first few, and how many there are.
    """
    found = {recording.path: _duration_s(recording.path) for recording in recordings}
    problems = [*_twice(recordings), *(p for p in found.values() if isinstance(p, str))]
    if problems:
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        raise DataError("; ".join(problems[:_SHOWN]) + more)
    return {str(path): duration for path, duration in found.items() if isinstance(duration, float)}


def prepare_corpus(
    corpus: CorpusConfig,
    recognizer: Checkpoint,
    cache: Path,
    report: Callable[[str], None] = lambda message: None,
) -> dict[str, SpeakerFigures]:
    """Check, split, measure and align; the figures of each speaker.

    Raises `DataError` as `check_clips` does, and where a split would be empty.
    """
    recordings = read_corpora(corpus)
    report(f"checking {len(recordings)} clips")
    durations_s = check_clips(recordings)
    features = prepare_features(corpus, recognizer.mel, cache, report)
    report(f"aligning {len(features.clips)} clips with {recognizer.name}")
    alignments = align_corpus(features, recognizer, cache)
    usable = Counter(
        clip.speaker for clip in features.clips if alignment_of(clip, alignments) is not None
    )
    return {
        speaker: _figures(clips, durations_s, usable[speaker])
        for speaker, clips in _by_speaker(recordings).items()
    }


def _figures(
    clips: Sequence[Recording], durations_s: dict[str, float], usable: int
) -> SpeakerFigures:
    return SpeakerFigures(
        clips=len(clips),
        minutes=sum(durations_s[str(clip.path)] for clip in clips) / 60,
        held_out=sum(clip.held_out for clip in clips),
        left_out=len(clips) - usable,
    )


def _by_speaker(recordings: Sequence[Recording]) -> dict[str, list[Recording]]:
    speakers: dict[str, list[Recording]] = {}
    for recording in recordings:
        speakers.setdefault(recording.speaker, []).append(recording)
    return speakers


def _twice(recordings: Sequence[Recording]) -> Iterator[str]:
    counts = Counter((recording.speaker, recording.id) for recording in recordings)
    for (speaker, id), count in counts.items():
        if count > 1:
            yield f"{id} of {speaker} is listed {count} times"


def _duration_s(path: Path) -> float | str:
    """Or what is wrong with the file."""
    import soundfile

    try:
        info = soundfile.info(path)
    except (OSError, soundfile.LibsndfileError) as error:
        return f"{path}: cannot be read as audio ({error})"
    return float(info.duration) if info.frames else f"{path}: has no sound in it"
