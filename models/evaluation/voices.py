"""Evaluation of mixed and generated voices: phone error rates, distances from known speakers.

All say the same held-out sentences. Our recognizer counts phone errors. How far two voices are
apart is told from timbre (13 mel cepstra) and pitch (ln F0), averaged over a clip: the root mean
square difference of the averages over all clips, in standard deviations of one voice from clip
to clip. C clips, D = 14 numbers a clip.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.errors import DataError
from models.evaluation.held_out import held_out_recordings
from models.evaluation.listener import Errors, Listener
from models.evaluation.metrics import mel_cepstra
from models.evaluation.speech import ALL, Choice, ProsodySettings, Voices
from models.evaluation.tables import decimal, markdown_table, percent, write_csv
from models.mel import MelConfig, mel_amplitude
from models.phonology.phonemes import Phonemizer
from models.speakers.names import number_of, parse_mix
from models.training.corpus import CorpusConfig
from models.training.measured import pitch_of

KINDS = ("known", "mix", "generated")
_SPEECH_DB = 25.0  # quieter than the loudest frame by more says little of a voice
_MISSING_PITCH_HZ = 150.0  # of a clip without a voiced frame


@dataclass(frozen=True, slots=True)
class VoicesRequest:
    """Which mixes and generated voices, beside all known ones, say `count` held-out sentences;
    generated ones are those of `seed` and `spread`.
    """

    corpus: CorpusConfig
    speakers: tuple[str, ...] = ()
    acoustic: str = "fastspeech2"
    vocoder: str = "harmonic"
    recognizer: str = "recognizer"
    count: int = 20
    seed: int = 0
    spread: float = 1.0


@dataclass(frozen=True, slots=True)
class MeasuredVoice:
    """A voice and what was measured of it."""

    name: str
    kind: str
    phones: Errors
    statistics: np.ndarray  # (C, D)
    pitch_hz: float  # the median


@dataclass(frozen=True, slots=True)
class Row:
    """A voice, and the known one that it is nearest to, other than itself."""

    voice: MeasuredVoice
    nearest: str
    distance: float


def kind_of(name: str) -> str:
    """One of `KINDS`."""
    if parse_mix(name):
        return "mix"
    return "known" if number_of(name) is None else "generated"


def clip_statistics(log_mel: np.ndarray, pitch_hz: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Timbre and pitch (D,) of a clip with log-mels (n_mels, T) and pitch (T,)."""
    amplitude = mel_amplitude(torch.from_numpy(log_mel), mel).numpy()
    level_db = 10 * np.log10((amplitude**2).sum(axis=0) + 1e-12)
    timbre = mel_cepstra(log_mel, mel)[:, level_db > level_db.max() - _SPEECH_DB].mean(axis=1)
    voiced = pitch_hz[pitch_hz > 0]
    return np.append(timbre, np.log(voiced).mean() if len(voiced) else np.log(_MISSING_PITCH_HZ))


class VoiceSpace:
    """Distances of voices, in a scale set by the known ones."""

    def __init__(self, known: Sequence[np.ndarray]) -> None:
        clips = np.stack(known)  # (voices, C, D)
        # What is left of a clip without its voice and without its sentence: the residual of a
        # two-way layout, whose degrees of freedom are fewer than its clips.
        left = clips - clips.mean(axis=1, keepdims=True) - clips.mean(axis=0, keepdims=True)
        left += clips.mean(axis=(0, 1))
        free = (clips.shape[0] - 1) * (clips.shape[1] - 1)
        self.scale = np.sqrt((left**2).sum(axis=(0, 1)) / free)

    def distance(self, ours: np.ndarray, theirs: np.ndarray) -> float:
        """Of two voices (C, D) that said the same sentences."""
        difference = (ours.mean(axis=0) - theirs.mean(axis=0)) / self.scale
        return float(np.sqrt((difference**2).mean()))

    def floor(self, voices: Sequence[np.ndarray]) -> float:
        """The median distance of a voice from itself: every other sentence against the rest,
        both relative to the average voice.
        """
        average = np.stack(voices).mean(axis=0)
        relative = [voice - average for voice in voices]
        return float(np.median([self.distance(v[::2], v[1::2]) for v in relative]))


def nearest_known(voices: Sequence[MeasuredVoice]) -> list[Row]:
    """Every voice with the known one that is nearest to it."""
    known = [voice for voice in voices if voice.kind == "known"]
    space = VoiceSpace([voice.statistics for voice in known])
    rows = []
    for voice in voices:
        distances = {
            other.name: space.distance(voice.statistics, other.statistics)
            for other in known
            if other.name != voice.name
        }
        nearest = min(distances, key=lambda name: distances[name])
        rows.append(Row(voice, nearest, distances[nearest]))
    return rows


def evaluate_voices(request: VoicesRequest, report: Callable[[str], None]) -> list[Row]:
    """All known voices, and those that were asked for. Raises `VoxloomError` for one that cannot
    be made, and a model with fewer than two known ones.
    """
    listener = Listener(request.recognizer)
    mel = listener.checkpoint.mel
    texts = [clip.text for clip in held_out_recordings(request.corpus, request.count)]
    phonemes = Phonemizer().phonemize(texts)
    choice = Choice((ALL, *request.speakers), request.seed, request.spread)
    voices = Voices(request.acoustic, request.vocoder, choice=choice)
    if len(voices.known) < 2:
        raise DataError(f"{request.acoustic}: one voice alone is no scale for others")
    found = []
    for name in voices.names:
        waves = voices.speak(texts, phonemes, name, ProsodySettings(), mel)
        found.append(_measure(name, waves, phonemes, listener))
        report(f"{name}: PER {percent(found[-1].phones.rate)}")
    return nearest_known(found)


def _measure(
    name: str, waves: Sequence[np.ndarray], phonemes: Sequence[str], listener: Listener
) -> MeasuredVoice:
    mel = listener.checkpoint.mel
    tracks = [pitch_of(wave, mel) for wave in waves]
    statistics = [
        clip_statistics(listener.log_mel(wave)[0].numpy(), track, mel)
        for wave, track in zip(waves, tracks, strict=True)
    ]
    voiced = np.concatenate([track[track > 0] for track in tracks])
    return MeasuredVoice(
        name=name,
        kind=kind_of(name),
        phones=listener.phone_errors(waves, phonemes),
        statistics=np.stack(statistics),
        pitch_hz=float(np.median(voiced)) if len(voiced) else 0.0,
    )


def table(rows: Sequence[Row]) -> str:
    """The voices as Markdown, lowest phone error rate first within each kind."""
    header = ("voice", "PER", "95 %", "F0, Hz", "nearest known", "distance")
    ordered = sorted(rows, key=lambda row: (KINDS.index(row.voice.kind), row.voice.phones.rate))
    return markdown_table(header, [_cells(row) for row in ordered])


def _cells(row: Row) -> list[str]:
    low, high = row.voice.phones.interval()
    return [
        row.voice.name,
        percent(row.voice.phones.rate),
        f"{100 * low:.1f} to {100 * high:.1f}",
        f"{row.voice.pitch_hz:.0f}",
        row.nearest,
        decimal(row.distance),
    ]


def findings(rows: Sequence[Row]) -> list[str]:
    """The middle of each kind, and what a distance means."""
    known = [row.voice.statistics for row in rows if row.voice.kind == "known"]
    space = VoiceSpace(known)
    kinds = {kind: [row for row in rows if row.voice.kind == kind] for kind in KINDS}
    lines = [_finding(kind, own, space) for kind, own in kinds.items() if own]
    return [*lines, f"a voice and itself, on other sentences: {decimal(space.floor(known))}"]


def _finding(kind: str, rows: Sequence[Row], space: VoiceSpace) -> str:
    rates = [row.voice.phones.rate for row in rows]
    nearest = [row.distance for row in rows]
    apart = [
        space.distance(one.voice.statistics, other.voice.statistics)
        for one, other in itertools.combinations(rows, 2)
    ]
    return (
        f"{kind}: {len(rows)} voices, median PER {percent(float(np.median(rates)))} "
        f"(worst {percent(max(rates))}), median distance of two "
        f"{decimal(float(np.median(apart)) if apart else None)}, of one and the nearest known "
        f"{decimal(float(np.median(nearest)))} (least {decimal(min(nearest))})"
    )


def plot(rows: Sequence[Row], path: Path) -> None:
    """A PNG: all voices on the two axes along which the known ones differ most."""
    from matplotlib.figure import Figure

    known = [row.voice.statistics for row in rows if row.voice.kind == "known"]
    scale = VoiceSpace(known).scale
    means = np.stack([row.voice.statistics.mean(axis=0) for row in rows]) / scale
    center = np.stack([voice.mean(axis=0) for voice in known]).mean(axis=0) / scale
    among = np.array([row.voice.kind == "known" for row in rows])
    axes_of_known = np.linalg.svd(means[among] - center, full_matrices=False)[2][:2]
    points = (means - center) @ axes_of_known.T  # (voices, 2)
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes: Any = figure.add_subplot()
    for kind, marker in zip(KINDS, "osD", strict=True):
        own = np.array([row.voice.kind == kind for row in rows])
        if own.any():
            axes.scatter(*points[own].T, marker=marker, label=kind)
    for row, point in zip(rows, points, strict=True):
        axes.annotate(row.voice.name, point, (4, 3), textcoords="offset points", fontsize=7)
    axes.set(xlabel="standard deviations from clip to clip", title="Voices by timbre and pitch")
    axes.margins(x=0.2)  # for the names
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def write_results(rows: Sequence[Row], folder: Path) -> None:
    """`voices.csv`, a line a voice, and `voices.png`."""
    header = ("voice", "kind", "per", "per_low", "per_high", "f0_hz", "nearest", "distance")
    lines = [
        (
            row.voice.name,
            row.voice.kind,
            row.voice.phones.rate,
            *row.voice.phones.interval(),
            row.voice.pitch_hz,
            row.nearest,
            row.distance,
        )
        for row in rows
    ]
    write_csv(folder / "voices.csv", header, lines)
    plot(rows, folder / "voices.png")
