"""Where each phone of a recording begins and ends, by a recognizer and the spectrogram.

The recognizer says roughly where each phone is (CTC forced alignment); the spectrogram says
where one sound turns into the next; the level says where speakers paused.
"""

from dataclasses import dataclass

import numpy as np

from models.checkpoint import Checkpoint
from models.phonology.phonemes import ENDS, PAUSE, SILENCES, START, WORD
from models.recognition.phone_alignment import phone_centers

MIN_PAUSE_FRAMES = 8  # 93 ms at the default hop: longer than the closure of a stop


@dataclass(frozen=True, slots=True)
class Alignment:
    """The symbols of a clip as it was really spoken, and the frames each lasts (same length)."""

    symbols: tuple[str, ...]
    durations: tuple[int, ...]


def align(phonemes: str, mel: np.ndarray, recognizer: Checkpoint) -> Alignment | None:
    """Align one phoneme string with its log-mel (T, n_mels); None if it cannot fit."""
    tokens = phonemes.split()
    phones = [token for token in tokens if token not in (WORD, *SILENCES)]
    centers = phone_centers(phones, mel, recognizer)
    if centers is None:
        return None
    level_db = _level_db(mel)
    quiet = level_db < _quiet_threshold_db(level_db)
    after_word = _word_ends(tokens)
    symbols, ends = [START], [max(1, _quiet_frames(quiet[: centers[0]]))]
    for index, phone in enumerate(phones):
        symbols.append(phone)
        if index + 1 == len(phones):
            ends.append(len(mel) - max(1, _quiet_frames(quiet[: centers[index] : -1])))
            break
        pause = None
        if index in after_word:
            pause = _longest_run(quiet, centers[index], centers[index + 1])
        if pause is None:
            ends.append(_best_cut(mel, centers[index], centers[index + 1]))
        else:
            symbols.append(PAUSE)
            ends += pause
    symbols.append(tokens[-1] if tokens[-1] in ENDS else ".")
    ends.append(len(mel))
    durations = np.diff([0, *ends])
    if (durations < 1).any():
        return None
    return Alignment(tuple(symbols), tuple(int(duration) for duration in durations))


def _word_ends(tokens: list[str]) -> set[int]:
    """Indices, among the phones, of those that end a word."""
    ends, count = set(), -1
    for token in tokens:
        if token in (WORD, *SILENCES):
            ends.add(count)
        else:
            count += 1
    return ends


def _best_cut(mel: np.ndarray, first: int, last: int) -> int:
    """The frame in (first, last] where two constant spectra, before and after, fit best.

    The sum of squared errors of a two-segment fit is smallest where the sum of
    |segment sum|^2 / length is largest.
    """
    part = mel[first : last + 1].astype(np.float64)
    if len(part) < 3:
        return min(first + 1, len(mel) - 1)
    left = part.cumsum(axis=0)[:-1]
    right = left[-1] + part[-1] - left
    counts = np.arange(1, len(part))[:, None]
    fit = (left**2 / counts + right**2 / (len(part) - counts)).sum(axis=1)
    return first + 1 + int(fit.argmax())


def _level_db(mel: np.ndarray) -> np.ndarray:
    """Level of each frame in dB, up to a constant, smoothed over five frames."""
    amplitude = np.exp(mel.astype(np.float64))
    level = 10 * np.log10((amplitude**2).sum(axis=1))
    return np.convolve(np.pad(level, 2, mode="edge"), np.ones(5) / 5, mode="valid")


def _quiet_threshold_db(level_db: np.ndarray) -> float:
    floor, speech = np.percentile(level_db, [3, 85])
    return float(floor + 0.3 * (speech - floor))


def _quiet_frames(quiet: np.ndarray) -> int:
    """How many frames at the start of `quiet` are quiet."""
    loud = np.flatnonzero(~quiet)
    return int(loud[0]) if len(loud) else len(quiet)


def _longest_run(quiet: np.ndarray, first: int, last: int) -> tuple[int, int] | None:
    """Start and end of the longest quiet run between two frames, if it is a pause."""
    best, start = (0, 0), None
    for frame in range(first + 1, last + 1):
        if quiet[frame] and frame < last:
            start = frame if start is None else start
            continue
        if start is not None and frame - start > best[1] - best[0]:
            best = (start, frame)
        start = None
    return best if best[1] - best[0] >= MIN_PAUSE_FRAMES else None
