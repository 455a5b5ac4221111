"""Waves, mels and pitch of a corpus, computed once and read as memory maps.

A cache is a folder named by what it holds (corpus, MelConfig, version): `clips.json` and three
flat arrays in which every clip owns a run of samples or frames.
"""

import dataclasses
import functools
import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.errors import DataError
from models.mel import LogMel, MelConfig
from models.phonology.phonemes import Phonemizer
from models.training.corpus import CorpusConfig, Recording, TrimConfig, read_corpora

_VERSION = 4
_ACTIVE_DBFS = -25.0  # the level every clip is brought to: corpora differ by 7 dB
_SHORTEST_S = 0.1  # less is no speech, and too short to have a pitch
TRIM = TrimConfig()


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording inside a cache. `first_*` index the flat arrays; `trimmed_s` is how much was cut
    off the recording's start, for times that are counted from there.
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
    report: Callable[[str], None] = print,
) -> Features:
    """Open the corpus's cache below `cache_dir`, computing it first where it is missing."""
    recordings = read_corpora(corpus)
    _check_split(recordings, corpus)
    folder = cache_dir / _cache_name(recordings, corpus, mel_config)
    if not (folder / "clips.json").is_file():
        report(f"features: {len(recordings)} clips into {folder}")
        _compute(recordings, corpus, mel_config, folder)
    features = open_features(folder, mel_config)
    _check_split(features.clips, corpus)  # some may have been too short or too long
    return features


def measure_recordings(
    recordings: Sequence[Recording], mel_config: MelConfig, trim: TrimConfig = TRIM
) -> Features:
    """The features of a few recordings, in memory. Clips too short to measure are left out."""
    phonemes = _phonemes_of(recordings)
    parts = [_measure(recording.path, mel_config, trim) for recording in recordings]
    clips = [
        _clip(recording, spoken, part)
        for recording, spoken, part in zip(recordings, phonemes, parts, strict=True)
    ]
    return Features(
        mel_config=mel_config,
        clips=tuple(clip for clip in _end_to_end(clips) if clip.num_frames),
        waves=np.concatenate([part.wave for part in parts]),
        mels=np.concatenate([part.mel for part in parts]),
        pitch_hz=np.concatenate([part.pitch_hz for part in parts]),
    )


def _check_split(clips: Sequence[Recording | Clip], corpus: CorpusConfig) -> None:
    for held_out, what in ((False, "train on"), (True, "evaluate on")):
        if not any(clip.held_out == held_out for clip in clips):
            raise DataError(
                f"corpus.held_out: {corpus.held_out} leaves none of {len(clips)} clips to {what}; "
                "change it"
            )


def _cache_name(recordings: list[Recording], corpus: CorpusConfig, mel: MelConfig) -> str:
    clips = [
        (r.id, r.speaker, r.text, r.held_out, r.path.stat().st_size, *filter(None, [r.phonemes]))
        for r in recordings
    ]
    limits = (corpus.min_duration_s, corpus.max_duration_s)
    trim = [] if corpus.trim == TrimConfig() else [dataclasses.asdict(corpus.trim)]
    what = json.dumps([_VERSION, dataclasses.asdict(mel), limits, clips, *trim])
    return "features-" + hashlib.blake2b(what.encode(), digest_size=6).hexdigest()


def open_features(folder: Path, mel_config: MelConfig) -> Features:
    """A cache's folder as memory maps. Raises `DataError` where its files are not there."""
    if not (folder / "clips.json").is_file():
        raise DataError(f"{folder}: no features there: clips.json is missing")
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
    phonemes = _phonemes_of(recordings)
    clips, parts = [], []
    measured = _measure_all(recordings, mel, corpus.trim)
    for recording, spoken, part in zip(recordings, phonemes, measured, strict=True):
        duration_s = len(part.wave) / mel.sample_rate
        if not corpus.min_duration_s <= duration_s <= corpus.max_duration_s:
            continue
        clips.append(_clip(recording, spoken, part))
        parts.append(part)
    if not clips:
        raise DataError(
            f"no clip lasts between {corpus.min_duration_s} and {corpus.max_duration_s} s"
        )
    write_features(folder, clips, parts)


def _phonemes_of(recordings: Sequence[Recording]) -> list[str]:
    """What a teacher said, or else what espeak-ng makes of the text in American English."""
    asked = [recording.text for recording in recordings if not recording.phonemes]
    found = iter(Phonemizer().phonemize(asked))
    return [recording.phonemes or next(found) for recording in recordings]


def _clip(recording: Recording, phonemes: str, part: "Measured") -> Clip:
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
    )


def write_features(folder: Path, clips: Sequence[Clip], parts: Sequence["Measured"]) -> None:
    """A cache of these clips, laid end to end. The folder appears whole or not at all."""
    temporary = folder.with_name(folder.name + f".{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    np.save(temporary / "waves.npy", np.concatenate([part.wave for part in parts]))
    np.save(temporary / "mels.npy", np.concatenate([part.mel for part in parts]))
    np.save(temporary / "pitch.npy", np.concatenate([part.pitch_hz for part in parts]))
    listing = [dataclasses.asdict(clip) for clip in _end_to_end(clips)]
    (temporary / "clips.json").write_text(json.dumps(listing), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def _end_to_end(clips: Sequence[Clip]) -> Iterator[Clip]:
    sample = frame = 0
    for clip in clips:
        yield dataclasses.replace(clip, first_sample=sample, first_frame=frame)
        sample += clip.num_samples
        frame += clip.num_frames


@dataclass(frozen=True, slots=True)
class Measured:
    """What a cache holds of one clip of S samples and T frames."""

    wave: np.ndarray  # (S,) int16
    mel: np.ndarray  # (T, n_mels) float16
    pitch_hz: np.ndarray  # (T,) float16
    trimmed_s: float = 0.0


_FEW = 200  # recordings measured before other processes would have started


def _measure_all(
    recordings: list[Recording], mel: MelConfig, trim: TrimConfig
) -> Iterator[Measured]:
    paths = [recording.path for recording in recordings]
    measure = functools.partial(_measure, mel_config=mel, trim=trim)
    if len(paths) <= _FEW:
        yield from map(measure, paths)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
        yield from pool.map(measure, paths, chunksize=16)


def _measure(path: Path, mel_config: MelConfig, trim: TrimConfig = TRIM) -> Measured:
    shortest = max(mel_config.n_fft, round(_SHORTEST_S * mel_config.sample_rate))
    wave, first = read_wave(path, mel_config.sample_rate), 0
    if len(wave) >= shortest:
        first = speech_span(wave, mel_config, trim)[0]
        wave = trim_and_level(wave, mel_config, trim)
    if len(wave) < shortest:  # left out by `_compute`
        return Measured(
            wave=np.zeros(0, np.int16),
            mel=np.zeros((0, mel_config.n_mels), np.float16),
            pitch_hz=np.zeros(0, np.float16),
        )
    num_frames = len(wave) // mel_config.hop_length
    wave = wave[: num_frames * mel_config.hop_length]
    mel = LogMel(mel_config)(torch.from_numpy(wave)[None])[0].T.numpy()  # (T, n_mels)
    mel = mel[:num_frames]  # centred frames are one more
    return Measured(
        wave=np.round(wave * 32767).astype(np.int16),
        mel=mel.astype(np.float16),
        pitch_hz=pitch_of(wave, mel_config).astype(np.float16),
        trimmed_s=first / mel_config.sample_rate,
    )


def read_wave(path: Path, sample_rate: int) -> np.ndarray:
    """A sound file as mono float32 at `sample_rate`. Raises `DataError` naming the file."""
    import soundfile
    import soxr

    try:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"{path}: cannot be read as audio ({error})") from None
    mono = wave.mean(axis=1)
    return mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate)


def trim_and_level(wave: np.ndarray, mel: MelConfig, trim: TrimConfig = TRIM) -> np.ndarray:
    """Cut silence at both edges and bring the speech to the level all clips share."""
    first, last = speech_span(wave, mel, trim)
    frames, level_db = _levels(wave, mel.hop_length, mel.hop_length)
    wave = wave[first:last]
    active_db = 10 * np.log10((frames[level_db > level_db.max() - 25] ** 2).mean() + 1e-10)
    gain = 10 ** ((_ACTIVE_DBFS - active_db) / 20)
    return wave * min(gain, 0.99 / (np.abs(wave).max() + 1e-9))


def speech_span(wave: np.ndarray, mel: MelConfig, trim: TrimConfig = TRIM) -> tuple[int, int]:
    """The first sample of a wave (S,) that trimming keeps, and the first after it."""
    hop = trim.hop_length or mel.hop_length
    length = min(trim.frame_length or mel.hop_length, len(wave))
    level_db = _levels(wave, length, hop)[1]
    loud = np.flatnonzero(level_db > level_db.max() - trim.below_loudest_db)
    margin = round(trim.margin_s * mel.sample_rate)
    first, last = int(loud[0]) * hop, int(loud[-1]) * hop + length
    return max(0, first - margin), min(len(wave), last + margin)


def _levels(wave: np.ndarray, length: int, hop: int) -> tuple[np.ndarray, np.ndarray]:
    """A wave (S,) as frames (T, length), one every `hop`, and the level of each in dB (T,)."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, length)[::hop]
    return frames, 10 * np.log10((frames**2).mean(axis=1) + 1e-10)


def pitch_of(wave: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Fundamental frequency of each mel frame in Hz, 0 where unvoiced (Praat's autocorrelation).

    (S,) -> (S // hop_length,). Raises `DataError` where praat-parselmouth is not installed.
    """
    try:
        import parselmouth
    except ModuleNotFoundError:
        raise DataError("praat-parselmouth is not installed: pip install -e '.[train]'") from None

    num_frames = len(wave) // mel.hop_length
    sound = parselmouth.Sound(wave.astype(np.float64), mel.sample_rate)
    track = sound.to_pitch_ac(time_step=mel.frame_s, pitch_floor=65.0, pitch_ceiling=500.0)
    centers_s = (np.arange(num_frames) + 0.5) * mel.frame_s
    nearest = np.abs(track.xs()[None, :] - centers_s[:, None]).argmin(axis=1)
    pitch = track.selected_array["frequency"][nearest]
    inside = np.abs(track.xs()[nearest] - centers_s) <= mel.frame_s
    return np.where(inside, pitch, 0.0)
