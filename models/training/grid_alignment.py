"""Durations for FastSpeech2 from TextGrids, such as the Montreal Forced Aligner writes."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.config import resolve_path
from models.errors import ConfigError, DataError
from models.phonology.alphabets import sound_of
from models.phonology.arpabet import GridAlphabet, labels_of, phones_of_label
from models.phonology.phonemes import ENDS, PAUSE, SILENCES, START, WORD
from models.recognition.alignment import MIN_PAUSE_FRAMES, Alignment
from models.training.corpus import clip_key
from models.training.features import Clip, Features
from models.training.left_out import LeftOut
from models.training.textgrid import Interval, read_textgrid, tier_named

_SILENT = frozenset(["sil", "sp", "<eps>", "<p:>", "pau", "ap"])  # and no label at all
_UNKNOWN_SPEECH = frozenset(["spn", "<unk>"])  # speech that the aligner had no word for
_SAME_TIME_S = 0.002
_MISFIT_S = 0.3  # beyond the clip by more, and the grid is of another recording


@dataclass(frozen=True, slots=True)
class TextGridConfig:
    """Alignments made elsewhere: `CORPUS/SPEAKER/ID.TextGrid`, `SPEAKER/ID.TextGrid` or
    `ID.TextGrid` below `folder`; CORPUS is needed where two corpora have a clip of that name.

    `phones` is the alphabet of the phone tier: `arpabet` (MFA's english_us_arpa), `mfa` (the IPA
    of english_mfa and english_us_mfa) or `ipa` (our own symbols). Silence between two words is
    a pause; where `word_tier` is null, all silence between phones.
    """

    folder: Path
    phones: GridAlphabet = "arpabet"
    phone_tier: str = "phones"
    word_tier: str | None = "words"


def read_grid_alignments(
    config: TextGridConfig, features: Features, left_out: list[LeftOut]
) -> dict[str, Alignment]:
    """Alignments of the clips that have a TextGrid, for `alignment_of`.

    Added to `left_out` are clips without one, or whose grid is empty, damaged or of another
    recording, has speech that the aligner did not understand, labels of another alphabet, or more
    phones than frames. Raises `DataError` with the first of them when no clip is left.
    """
    folder = resolve_path(config.folder)
    if not folder.is_dir():
        raise ConfigError(f"textgrids.folder: {config.folder} is no folder")
    alignments, problems, paths = {}, [], _paths(folder, features.clips)
    for clip in features.clips:
        path = next((path for path in paths[clip_key(clip)] if path.is_file()), None)
        if path is None:
            looked = " and ".join(str(p.relative_to(folder)) for p in paths[clip_key(clip)])
            problems.append(LeftOut(clip.location, "no TextGrid", f"looked for {looked}"))
            continue
        try:
            alignments[clip_key(clip)] = _align(clip, path, config, features.mel_config.frame_s)
        except _Unfit as error:
            problems.append(LeftOut(str(path), str(error)))
        except DataError as error:
            problems.append(LeftOut(str(path), "no grid of phones", _without(path, error)))
    if not alignments:
        raise DataError(f"{folder}: holds no TextGrid of a clip; {problems[0]}")
    left_out += problems
    return alignments


class _Unfit(Exception):
    """A grid that can be read, and gives no alignment: why."""


def _without(path: Path, error: DataError) -> str:
    return str(error).removeprefix(f"{path}: ").replace(f"{path}:", "line ")


def _paths(folder: Path, clips: Sequence[Clip]) -> dict[str, list[Path]]:
    """Where the grid of each clip may lie, by `clip_key`: not where two would have the same."""
    found = {
        clip_key(clip): [
            folder / Path(clip.corpus).name / clip.speaker / f"{clip.id}.TextGrid",
            folder / clip.speaker / f"{clip.id}.TextGrid",
            folder / f"{clip.id}.TextGrid",
        ]
        for clip in clips
    }
    counts = Counter(path for paths in found.values() for path in set(paths))
    return {
        key: [path for path in dict.fromkeys(paths) if counts[path] == 1]
        for key, paths in found.items()
    }


def _align(clip: Clip, path: Path, config: TextGridConfig, frame_s: float) -> Alignment:
    tiers = read_textgrid(path)
    if not tiers:
        raise _Unfit("empty TextGrid")
    phones = [
        phone
        for phone in tier_named(tiers, config.phone_tier, path)
        if phone.label.lower() not in _SILENT
    ]
    if not phones:
        raise _Unfit("empty TextGrid")
    if any(phone.label.lower() in _UNKNOWN_SPEECH for phone in phones):
        raise _Unfit("speech that the aligner did not understand")
    words = tier_named(tiers, config.word_tier, path) if config.word_tier else phones
    labelled = _symbols_and_ends(phones, words, config.phones, MIN_PAUSE_FRAMES * frame_s, path)
    ends_s = np.array([phones[0].start_s, *(end_s for _, end_s in labelled)]) - clip.trimmed_s
    if ends_s[0] < -_MISFIT_S or ends_s[-1] > clip.num_frames * frame_s + _MISFIT_S:
        raise _Unfit("TextGrid of another recording")
    durations = _whole_frames(ends_s / frame_s, clip.num_frames)
    if durations is None:
        raise _Unfit("more phones than frames")
    tokens = clip.phonemes.split()
    symbols = _as_in_sentence([symbol for symbol, _ in labelled], tokens)
    end = tokens[-1] if tokens[-1] in ENDS else "."
    return Alignment((START, *symbols, end), durations)


def _symbols_and_ends(
    phones: Sequence[Interval],
    words: Sequence[Interval],
    alphabet: GridAlphabet,
    min_pause_s: float,
    path: Path,
) -> list[tuple[str, float]]:
    """Our symbols with their ends in seconds. Long silence between words becomes a pause, any
    other belongs to the phone before it.
    """
    word_ends = np.array([word.end_s for word in words])
    found: list[tuple[str, float]] = []
    for phone, following in zip(phones, [*phones[1:], None], strict=True):
        symbols = phones_of_label(phone.label, alphabet)
        if not symbols:
            raise DataError(
                f"{path}: {phone.label} at {phone.start_s:.3f} s is no {alphabet} phone; "
                f"allowed are {labels_of(alphabet)}"
            )
        ends_s = np.linspace(phone.start_s, phone.end_s, len(symbols) + 1)[1:]
        found += [(symbol, float(end_s)) for symbol, end_s in zip(symbols, ends_s, strict=True)]
        if following is None:
            break
        ends_word = np.abs(word_ends - phone.end_s).min() <= _SAME_TIME_S
        if ends_word and following.start_s - phone.end_s >= min_pause_s:
            found.append((PAUSE, following.start_s))
        else:
            found[-1] = (found[-1][0], following.start_s)
    return found


def _whole_frames(ends: np.ndarray, num_frames: int) -> tuple[int, ...] | None:
    """Durations (N + 1,) of symbols that end at `ends` (N,) frames, and of the silence behind
    them: whole, at least 1, together `num_frames`. None if they cannot be.
    """
    least = np.arange(1, len(ends) + 1)
    if len(ends) + 1 > num_frames:
        return None
    whole = np.maximum.accumulate(np.maximum(np.round(ends), least) - least) + least
    whole = np.minimum(whole, num_frames - 1 - len(ends) + least)
    return tuple(int(duration) for duration in np.diff([0, *whole, num_frames]))


def _as_in_sentence(symbols: Sequence[str], tokens: Sequence[str]) -> list[str]:
    """The grid's symbols, but those that the sentence has too as the sentence writes them: with
    its stress, its flaps and reduced vowels, as they will be when the voice is asked to speak.
    """
    written = [token for token in tokens if token not in (WORD, *SILENCES)]
    ours, theirs = ([sound_of(phone) for phone in phones] for phones in (symbols, written))
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    result = list(symbols)
    for block in matcher.get_matching_blocks():
        result[block.a : block.a + block.size] = written[block.b : block.b + block.size]
    return result
