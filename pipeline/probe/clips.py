"""What a probe learns from and is tested on: the clips of a dataset, or of a corpus of recordings.

Everything is brought to one rate, that of the recordings, and kept as features, not as waves.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.config import resolve_path
from models.errors import DataError
from models.mel import LogMel
from models.phonology.phonemes import words_of
from models.recognition.probe_networks import probe_features, probe_mel
from models.sound_files import read_header
from models.training.corpus import CorpusConfig, read_corpora
from models.waveform import audible
from pipeline.audio.files import active_speech_level_db, decode_audio, read_audio, resample, rms_db
from pipeline.augment.augmenter import Augmenter, AugmentSetting, check_augment
from pipeline.augment.sounds.babble import make_babble
from pipeline.build.config import BuildConfig
from pipeline.dataset.files import BUILD_FILE, data_files, read_rows
from pipeline.dataset.record import read_whole_record

_COLUMNS = ("id", "audio", "transcript", "intent", "speaker", "slots")
_VALIDATION_SHARE = 0.1  # of a source without a validation split
_FLOOR_FRAME_S, _FLOOR_PERCENT = 0.02, 10


@dataclass(frozen=True, slots=True)
class Wave:
    """A clip before its features: `samples` (S,) at `rate` Hz. A corpus knows no intents, nor
    slots, which are (name, words as spoken).
    """

    id: str
    speaker: str
    transcript: str
    intent: str | None
    samples: np.ndarray
    rate: int
    slots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeClip:
    """A clip as input of a probe; `snr_db` is the estimate of `speech_over_floor_db`."""

    id: str
    speaker: str
    transcript: str
    intent: str | None
    snr_db: float
    features: np.ndarray  # (T, n_mels) float32
    slots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Clips to learn from, to stop by, and, of a dataset, those of its own test split."""

    name: str
    train: tuple[ProbeClip, ...]
    validation: tuple[ProbeClip, ...]
    test: tuple[ProbeClip, ...] = ()


Change = Callable[[Wave], Wave]


def is_dataset(folder: Path) -> bool:
    """Whether Voxloom built the folder; else it is a corpus, or nothing. Raises `DataError`."""
    found = resolve_path(folder)
    if (found / BUILD_FILE).is_file():
        return True
    if (found / "metadata.csv").is_file():
        return False
    raise DataError(
        f"{folder}: neither a dataset that Voxloom built ({BUILD_FILE}) nor a corpus "
        "(metadata.csv beside wavs/)"
    )


def rate_of_corpus(folder: Path) -> int:
    """The lowest sample rate among a corpus's files. Raises `DataError` naming what is wrong."""
    recordings = read_corpora(_corpus(folder))
    return min(read_header(recording.path).rate for recording in recordings)


def read_recordings(folder: Path, rate: int) -> tuple[ProbeClip, ...]:
    """All clips of a corpus, in the order of its metadata."""
    return tuple(_measured(_corpus_waves(folder), rate))


def read_source(folder: Path, rate: int, at_most: int, change: Change | None = None) -> Source:
    """A dataset or a corpus to learn from: about `at_most` training clips, drawn by their ids.

    What has no validation split gets one, a tenth of the clips by their ids. `change` is put on
    every wave before anything else.
    """
    if is_dataset(folder):
        found = resolve_path(folder)
        train_split = read_whole_record(found).splits.get("train")
        share = at_most / max(1, train_split.rows if train_split else 0)
        parts = {
            split: _dataset_waves(found, split, share) for split in ("train", "validation", "test")
        }
    else:
        share = at_most / max(1, len(read_corpora(_corpus(folder))))
        parts = {"train": (wave for wave in _corpus_waves(folder) if _draw(wave.id) < share)}
    clips = {
        split: tuple(_measured(map(change, waves) if change else waves, rate))
        for split, waves in parts.items()
    }
    train, validation = clips["train"], clips.get("validation", ())
    if not validation:
        train, validation = _parted(train)
    if not train or not validation:
        raise DataError(
            f"{folder}: {len(train)} clips to learn from and {len(validation)} to stop by; "
            "both are needed"
        )
    return Source(str(folder), train, validation, clips.get("test", ()))


def augmenting(config: BuildConfig) -> Change:
    """What a build of `config` does to its clean clips, done to any wave."""
    check_augment(config.augment)
    babble = config.augment.babble
    drawn = make_babble(babble, config.seed, config.work_dir / "babble") if babble else None
    setting = AugmentSetting(babble=drawn)
    augmenter = functools.cache(lambda rate: Augmenter(config.augment, rate, setting))

    def change(wave: Wave) -> Wave:
        augmented = augmenter(wave.rate).augment(wave.id, wave.samples, config.seed)
        return replace(wave, samples=augmented.wave)

    return change


def speech_over_floor_db(samples: np.ndarray, rate: int) -> float:
    """The active level of the speech in `samples` (S,) over that of their quietest tenth, in dB.

    An estimate of the SNR from the recording alone: too low where a clip is cut so close that
    not a tenth of it is pause.
    """
    samples = audible(samples, rate)
    frame = max(1, round(_FLOOR_FRAME_S * rate))
    frames = [samples[first : first + frame] for first in range(0, max(1, len(samples)), frame)]
    floor_db = np.percentile([max(rms_db(part), -100.0) for part in frames], _FLOOR_PERCENT)
    return max(active_speech_level_db(samples, rate), -100.0) - float(floor_db)


def _measured(waves: Iterable[Wave], rate: int) -> Iterator[ProbeClip]:
    log_mel = LogMel(probe_mel(rate))
    for wave in waves:
        samples = resample(wave.samples, wave.rate, rate)
        features = probe_features(torch.from_numpy(np.ascontiguousarray(samples)), log_mel)
        yield ProbeClip(
            id=wave.id,
            speaker=wave.speaker,
            transcript=wave.transcript,
            intent=wave.intent,
            snr_db=speech_over_floor_db(samples, rate),
            features=np.ascontiguousarray(features.numpy().T),
            slots=wave.slots,
        )


def _dataset_waves(folder: Path, split: str, share: float) -> Iterator[Wave]:
    for path in data_files(folder):
        if path.name.partition("-")[0] != split:
            continue
        for row in read_rows(path, _COLUMNS):
            if _draw(row["id"]) < share:
                yield _of_row(row)


def _of_row(row: dict[str, Any]) -> Wave:
    samples, rate = decode_audio(row["audio"]["bytes"])
    words = row["transcript"].split()
    slots = tuple(
        (slot["name"], " ".join(words[slot["first_word"] : slot["end_word"]]))
        for slot in row["slots"]
    )
    return Wave(row["id"], row["speaker"], row["transcript"], row["intent"], samples, rate, slots)


def _corpus_waves(folder: Path) -> Iterator[Wave]:
    for recording in read_corpora(_corpus(folder)):
        rate = read_header(recording.path).rate
        transcript = " ".join(words_of(recording.text))
        samples = read_audio(recording.path, rate)
        yield Wave(recording.id, recording.speaker, transcript, None, samples, rate)


def _corpus(folder: Path) -> CorpusConfig:
    is_dataset(folder)  # says what a corpus is, where this is none
    return CorpusConfig(root=folder, held_out=0.0)


def _parted(clips: tuple[ProbeClip, ...]) -> tuple[tuple[ProbeClip, ...], tuple[ProbeClip, ...]]:
    kept = tuple(clip for clip in clips if _draw(f"validation {clip.id}") >= _VALIDATION_SHARE)
    return kept, tuple(clip for clip in clips if _draw(f"validation {clip.id}") < _VALIDATION_SHARE)


def _draw(name: str) -> float:
    """A number in [0, 1) that depends on the name alone."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2**64
