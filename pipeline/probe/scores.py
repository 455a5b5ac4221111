"""A probe's errors as rates with confidence intervals: over all, by speaker, by SNR band; and what
each label was taken for.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.evaluation.listener import Errors

# Name, lower and upper end.
_SNR_BANDS_DB = (
    ("SNR below 10 dB", -math.inf, 10.0),
    ("SNR 10 to 20 dB", 10.0, 20.0),
    ("SNR 20 to 30 dB", 20.0, 30.0),
    ("SNR 30 dB and more", 30.0, math.inf),
)
ScoreKind = Literal["all", "speaker", "snr"]
_Z = 1.959964  # of a normal distribution's middle 95 %


@dataclass(frozen=True, slots=True)
class RecognizedClip:
    """A recording, its reference text, and the hypothesis of each of the probes of a run.

    `errors` is the mean over probes: of whether a label is wrong, or of word errors. `size` is 1,
    or the number of words said.
    """

    id: str
    speaker: str
    snr_db: float
    reference: str
    hypotheses: tuple[str, ...]
    errors: float
    size: int


@dataclass(frozen=True, slots=True)
class Score:
    """A share of errors over clips, with the 95 % interval `low` to `high`."""

    kind: ScoreKind
    name: str
    num_clips: int
    error_rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """What the recordings of one label were heard as: the share that was `right`, and the shares of
    other labels, the most frequent first. Means over the probes of a run.
    """

    label: str
    num_clips: int
    right: float
    heard_as: tuple[tuple[str, float], ...]


def scores_of(clips: Sequence[RecognizedClip], is_keyword: bool) -> list[Score]:
    """Over all clips, then a score a speaker, then one an SNR band that has clips."""
    by_speaker = _grouped(clips, lambda clip: clip.speaker)
    by_band = {
        name: [clip for clip in clips if low <= clip.snr_db < high]
        for name, low, high in _SNR_BANDS_DB
    }
    return [
        _score("all", "all", clips, is_keyword),
        *(_score("speaker", name, own, is_keyword) for name, own in by_speaker.items()),
        *(_score("snr", name, own, is_keyword) for name, own in by_band.items() if own),
    ]


def confusions_of(clips: Sequence[RecognizedClip]) -> list[Confusion]:
    """Of every label of a keyword probe's recordings, those that are least often right first."""
    by_label = _grouped(clips, lambda clip: clip.reference)
    found = [_confusion(label, own) for label, own in by_label.items()]
    return sorted(found, key=lambda one: (one.right, one.label))


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of `count` (E. B. Wilson 1927)."""
    spread = _Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def speaker_interval(clips: Sequence[RecognizedClip]) -> tuple[float, float] | None:
    """The 95 % bootstrap interval of the error rate over speakers: how far other people, not
    other clips of these, would move it. None for a single speaker.
    """
    speakers = sorted({clip.speaker for clip in clips})
    if len(speakers) < 2:
        return None
    sums = np.zeros((len(speakers), 2))
    for clip in clips:
        sums[speakers.index(clip.speaker)] += (clip.errors, clip.size)
    return Errors(sums[:, 0], sums[:, 1]).interval()


def _grouped(
    clips: Sequence[RecognizedClip], key: Callable[[RecognizedClip], str]
) -> dict[str, list[RecognizedClip]]:
    found: dict[str, list[RecognizedClip]] = {}
    for clip in clips:
        found.setdefault(key(clip), []).append(clip)
    return found


def _confusion(label: str, clips: Sequence[RecognizedClip]) -> Confusion:
    heard = Counter(hypothesis for clip in clips for hypothesis in clip.hypotheses)
    shares = {name: count / heard.total() for name, count in heard.items()}
    right = shares.pop(label, 0.0)
    others = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return Confusion(label, len(clips), right, tuple(others))


def _score(kind: ScoreKind, name: str, clips: Sequence[RecognizedClip], is_keyword: bool) -> Score:
    sums = np.array([(clip.errors, clip.size) for clip in clips])
    errors, size = sums.sum(axis=0)
    rate = float(errors / max(1, size))
    if is_keyword:
        low, high = wilson_interval(rate, len(clips))
    else:
        low, high = Errors(sums[:, 0], sums[:, 1]).interval()
    return Score(kind, name, len(clips), rate, low, high)
