"""Waves, mels and pitch of a corpus, computed once and read as memory maps.

A cache is a folder named by what it is made of (texts and sound files by their content, MelConfig,
version of this code and of the libraries): `clips.json`, and three flat arrays in which every clip
owns a run of samples or frames. `contents.txt` lists what these files hold, and `left_out.txt`
what of the corpus they lack.
"""

import dataclasses
import functools
import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import torch

from models.atomic import naming_full_disk
from models.content import file_digest, is_as_listed, list_contents
from models.errors import DataError
from models.lock import make_once
from models.mel import MelConfig
from models.phonology.phonemes import Phonemizer, words_of
from models.training.corpus import (
    CorpusConfig,
    Recording,
    TrimConfig,
    clip_key,
    next_held_out,
    read_corpora,
)
from models.training.left_out import LeftOut, tell_left_out
from models.training.measured import TOO_SHORT, TRIM, Measured, Problem, measure_clip

_VERSION = 5
_LIBRARIES = ("phonemizer", "espeakng-loader", "soundfile", "soxr", "praat-parselmouth")
_LEFT_OUT = "left_out.json"
_CONTENTS = "contents.txt"

Report = Callable[[str], None]
Spoken = TypeVar("Spoken", Recording, "Clip")


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording inside a cache. `first_*` index the flat arrays; `trimmed_s` is how much was cut
    off the recording's start, for times that are counted from there. An id is unique within its
    `corpus` and speaker alone: `clip_key` tells clips apart.
    """

    id: str
    speaker: str
    text: str
    phonemes: str
    held_out: bool
    first_sample: int
    num_samples: int
    first_frame: int
    num_frames: int
    trimmed_s: float = 0.0
    corpus: str = ""
    location: str = ""  # the file and line that lists it


@dataclass(frozen=True, slots=True)
class Features:
    """An opened cache: S samples and T frames in all."""

    mel_config: MelConfig
    clips: tuple[Clip, ...]
    waves: np.ndarray  # (S,) int16
    mels: np.ndarray  # (T, n_mels) float16
    pitch_hz: np.ndarray  # (T,) float16, 0 where unvoiced

    def wave(self, clip: Clip) -> np.ndarray:
        """(num_samples,) float32 in [-1, 1]."""
        part = self.waves[clip.first_sample : clip.first_sample + clip.num_samples]
        return part.astype(np.float32) / 32768

    def mel(self, clip: Clip) -> np.ndarray:
        """(num_frames, n_mels) float32."""
        part = self.mels[clip.first_frame : clip.first_frame + clip.num_frames]
        return part.astype(np.float32)

    def pitch(self, clip: Clip) -> np.ndarray:
        """(num_frames,) float32 in Hz, 0 where unvoiced."""
        part = self.pitch_hz[clip.first_frame : clip.first_frame + clip.num_frames]
        return part.astype(np.float32)

    def training(self) -> list[Clip]:
        return [clip for clip in self.clips if not clip.held_out]

    def held_out(self) -> list[Clip]:
        return [clip for clip in self.clips if clip.held_out]


def prepare_features(
    corpus: CorpusConfig,
    mel_config: MelConfig,
    cache_dir: Path,
    report: Report = print,
) -> Features:
    """Open the corpus's cache below `cache_dir`, made first where it is missing or damaged."""
    left_out = list[LeftOut]()
    recordings = read_corpora(corpus, left_out)
    num_clips = len(recordings) + len(left_out)
    recordings = with_held_out(recordings, corpus, bool(left_out), report)
    folder = cache_dir / _cache_name(recordings, corpus, mel_config)
    is_made = functools.partial(is_as_listed, folder / _CONTENTS)
    make = functools.partial(_make_cache, recordings, corpus, mel_config, folder, report)
    make_once(folder, is_made, make, report)
    features = _located(open_features(folder, mel_config), recordings)
    missing = _read_left_out(folder, recordings)
    tell_left_out([*left_out, *missing], num_clips, report, folder / "left_out.txt")
    _tell_shared_speakers(features.clips, report)
    clips = with_held_out(features.clips, corpus, bool(missing), report)
    return dataclasses.replace(features, clips=tuple(clips))


def _make_cache(
    recordings: list[Recording], corpus: CorpusConfig, mel: MelConfig, folder: Path, report: Report
) -> None:
    anew = ", which is damaged" if folder.exists() else ""
    report(f"features: {len(recordings)} clips into {folder}{anew}")
    _compute(recordings, corpus, mel, folder)


def measure_recordings(
    recordings: Sequence[Recording], mel_config: MelConfig, trim: TrimConfig = TRIM
) -> Features:
    """The features of a few recordings, in memory. Clips too short to measure are left out.

    Raises `DataError` naming the file and line of one that cannot be measured otherwise.
    """
    parts = [measure_clip(recording.path, mel_config, trim) for recording in recordings]
    clips = []
    for recording, spoken, part in zip(recordings, _phonemes(recordings), parts, strict=True):
        if isinstance(spoken, DataError):
            raise spoken
        if part.problem and part.problem[0] != TOO_SHORT:
            raise DataError(str(LeftOut(recording.location, *part.problem)))
        clips.append(_clip(recording, spoken, part))
    return Features(
        mel_config=mel_config,
        clips=tuple(clip for clip in _end_to_end(clips) if clip.num_frames),
        waves=np.concatenate([part.wave for part in parts]),
        mels=np.concatenate([part.mel for part in parts]),
        pitch_hz=np.concatenate([part.pitch_hz for part in parts]),
    )


def with_held_out(
    clips: Sequence[Spoken], corpus: CorpusConfig, some_left_out: bool, report: Report
) -> list[Spoken]:
    """The clips, some of them to train and some to evaluate on. Where all that were held out are
    among those left out, the next sentence takes their place. Raises `DataError` where none can.
    """
    clips = list(clips)
    if some_left_out and corpus.held_out and not any(clip.held_out for clip in clips):
        instead = next_held_out([clip.text for clip in clips])
        report(f"no held-out sentence is left; held out in their place: {instead!r}")
        clips = [
            dataclasses.replace(clip, held_out=" ".join(words_of(clip.text)) == instead)
            for clip in clips
        ]
    for held_out, what in ((False, "train on"), (True, "evaluate on")):
        if not any(clip.held_out == held_out for clip in clips):
            raise DataError(
                f"corpus.held_out: {corpus.held_out} leaves none of {len(clips)} clips to {what}; "
                "change it"
            )
    return clips


def _located(features: Features, recordings: Sequence[Recording]) -> Features:
    """A corpus may have moved, or its lines, since its cache was made."""
    locations = {clip_key(recording): recording.location for recording in recordings}
    clips = (dataclasses.replace(c, location=locations[clip_key(c)]) for c in features.clips)
    return dataclasses.replace(features, clips=tuple(clips))


def _tell_shared_speakers(clips: Sequence[Clip], report: Report) -> None:
    """A speaker is one voice, in whichever folders: to be told, as two people may be called so."""
    corpora: dict[str, set[str]] = {}
    for clip in clips:
        corpora.setdefault(clip.speaker, set()).add(clip.corpus)
    for speaker, names in corpora.items():
        if len(names) > 1:
            report(f"speaker {speaker} of {', '.join(sorted(names))} is taken for one voice")


def _cache_name(recordings: list[Recording], corpus: CorpusConfig, mel: MelConfig) -> str:
    clips = [
        (clip_key(r), r.text, r.held_out, r.phonemes, file_digest(r.path).hex()) for r in recordings
    ]
    limits = (corpus.min_duration_s, corpus.max_duration_s)
    settings = (dataclasses.asdict(mel), dataclasses.asdict(corpus.trim), limits)
    libraries = [_release(name) for name in _LIBRARIES]
    what = json.dumps([_VERSION, libraries, settings, clips])
    return "features-" + hashlib.blake2b(what.encode(), digest_size=6).hexdigest()


def _release(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""  # what needs it says how it is installed


def open_features(folder: Path, mel_config: MelConfig) -> Features:
    """A cache's folder as memory maps. Raises `DataError` where its files are not there, or not as
    they were written.
    """
    if not (folder / "clips.json").is_file():
        raise DataError(f"{folder}: no features there: clips.json is missing")
    if not is_as_listed(folder / _CONTENTS):
        raise DataError(f"{folder}: damaged: its files are not what {_CONTENTS} lists")
    clips = json.loads((folder / "clips.json").read_text(encoding="utf-8"))
    return Features(
        mel_config=mel_config,
        clips=tuple(Clip(**clip) for clip in clips),
        waves=np.load(folder / "waves.npy", mmap_mode="r"),
        mels=np.load(folder / "mels.npy", mmap_mode="r"),
        pitch_hz=np.load(folder / "pitch.npy", mmap_mode="r"),
    )


def _compute(
    recordings: list[Recording], corpus: CorpusConfig, mel: MelConfig, folder: Path
) -> None:
    clips, parts, left_out = [], [], dict[str, tuple[str, str]]()
    measured = _measure_all(recordings, mel, corpus.trim)
    for recording, spoken, part in zip(recordings, _phonemes(recordings), measured, strict=True):
        problem = part.problem or _unsuitable(spoken, len(part.wave) / mel.sample_rate, corpus)
        if problem:
            left_out[clip_key(recording)] = problem
        else:
            clips.append(_clip(recording, str(spoken), part))
            parts.append(part)
    if not clips:
        first = LeftOut(recordings[0].location, *left_out[clip_key(recordings[0])])
        raise DataError(f"{first}; and none of {len(recordings)} clips can be used")
    write_features(folder, clips, parts, left_out)


def _unsuitable(spoken: str | DataError, duration_s: float, corpus: CorpusConfig) -> Problem:
    """Why a clip that could be measured is left out."""
    if isinstance(spoken, DataError):
        return "text that English cannot say", str(spoken)
    if duration_s < corpus.min_duration_s:
        least = corpus.min_duration_s
        return TOO_SHORT, f"{duration_s:.2f} s of speech; corpus.min_duration_s is {least}"
    if duration_s > corpus.max_duration_s:
        most = corpus.max_duration_s
        return "too long", f"{duration_s:.2f} s of speech; corpus.max_duration_s is {most}"
    return None


def _phonemes(recordings: Sequence[Recording]) -> list[str | DataError]:
    """A teacher's phonemes, or else those of espeak-ng for the text in American English."""
    asked = iter(_phonemize([clip.text for clip in recordings if not clip.phonemes]))
    return [recording.phonemes or next(asked) for recording in recordings]


def _phonemize(texts: list[str]) -> list[str | DataError]:
    """All at once; one at a time when there is one that cannot be, so that only it is lost."""
    phonemizer = Phonemizer()
    try:
        return list(phonemizer.phonemize(texts))
    except DataError as error:
        return [error] if len(texts) == 1 else [_phonemize([text])[0] for text in texts]


def _clip(recording: Recording, phonemes: str, part: Measured) -> Clip:
    """Its place among other clips is still unknown: `write_features` knows."""
    return Clip(
        id=recording.id,
        speaker=recording.speaker,
        text=recording.text,
        phonemes=phonemes,
        held_out=recording.held_out,
        first_sample=0,
        num_samples=len(part.wave),
        first_frame=0,
        num_frames=len(part.mel),
        trimmed_s=part.trimmed_s,
        corpus=recording.corpus,
    )


def write_features(
    folder: Path,
    clips: Sequence[Clip],
    parts: Sequence[Measured],
    left_out: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> None:
    """A cache of these clips, laid end to end, and of what was `left_out`, by `clip_key`. The
    folder, which the caller holds, appears whole or not at all. Raises `DataError` when the disk is
    full.
    """
    temporary = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)  # of a run that was killed
    try:
        with naming_full_disk(folder):
            temporary.mkdir(parents=True)
            np.save(temporary / "waves.npy", np.concatenate([part.wave for part in parts]))
            np.save(temporary / "mels.npy", np.concatenate([part.mel for part in parts]))
            np.save(temporary / "pitch.npy", np.concatenate([part.pitch_hz for part in parts]))
            listing = [dataclasses.asdict(clip) for clip in _end_to_end(clips)]
            (temporary / _LEFT_OUT).write_text(json.dumps(dict(left_out)), encoding="utf-8")
            (temporary / "clips.json").write_text(json.dumps(listing), encoding="utf-8")
            list_contents(temporary / _CONTENTS, sorted(temporary.iterdir()))
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read_left_out(folder: Path, recordings: Sequence[Recording]) -> list[LeftOut]:
    left_out = json.loads((folder / _LEFT_OUT).read_text(encoding="utf-8"))
    return [
        LeftOut(recording.location, *left_out[clip_key(recording)])
        for recording in recordings
        if clip_key(recording) in left_out
    ]


def _end_to_end(clips: Sequence[Clip]) -> Iterator[Clip]:
    sample = frame = 0
    for clip in clips:
        yield dataclasses.replace(clip, first_sample=sample, first_frame=frame)
        sample += clip.num_samples
        frame += clip.num_frames


_FEW = 200  # recordings measured before other processes would have started


def _measure_all(
    recordings: list[Recording], mel: MelConfig, trim: TrimConfig
) -> Iterator[Measured]:
    paths = [recording.path for recording in recordings]
    measure = functools.partial(measure_clip, mel_config=mel, trim=trim)
    if len(paths) <= _FEW:
        yield from map(measure, paths)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
        yield from pool.map(measure, paths, chunksize=16)
