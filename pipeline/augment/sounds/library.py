"""Folders of sounds: noise clips and room responses, each with its class, licence and author.

A folder of anyone's own will do: `FOLDER/CLASS/*.flac` (or wav, ogg, mp3; files that lie in
FOLDER itself get a default class). Lists (`lists.py`) say under which licence each file may be
used, and of which class it is where that is not its folder; what they do not list has the licence
`unknown`. Parquet files with a column `audio` are folders of sounds, too.
"""

import functools
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from models.content import file_digest
from models.errors import DataError
from models.file_state import FileState, file_state
from models.folders import files_below
from models.sound_files import read_header
from models.waveform import audible
from pipeline.audio.files import decode_audio, read_audio, resample
from pipeline.augment.sounds.cache import cached_wave
from pipeline.augment.sounds.lists import Listed, list_files, read_lists
from pipeline.augment.sounds.tables import table_audio, table_rows

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
TABLE_SUFFIX = ".parquet"
UNKNOWN_LICENSE = "unknown"
_NOT_LISTED = Listed("", "", "", "", "")

# Whole decoded files kept in memory: all that are shipped, yet no more than about 1 GB where a
# folder of the user holds recordings of minutes. Beyond it, files are read again as drawn.
_CACHED_WAVES = 64


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound file. `source` is its name in a dataset: the folder's name and the path in it.

    `recording` tells which sounds were cut from the same one. `row` is its row where `path` is a
    Parquet file.
    """

    path: Path
    source: str
    sound_class: str
    license: str
    attribution: str
    recording: str = ""
    row: int | None = None


@dataclass(frozen=True)
class SoundLibrary:
    """The sounds of a folder in the order of their paths, as heard at `sample_rate` Hz.

    Decoded sounds are kept in the folder `cache`, or in memory where there is none. Of noise only
    what is `audible` is; room responses are as they are in their files.
    """

    folder: Path
    sample_rate: int
    sounds: tuple[Sound, ...]
    cache: Path | None = None
    is_noise: bool = True

    @functools.cached_property
    def by_class(self) -> dict[str, tuple[Sound, ...]]:
        """Class names in alphabetical order, each with its sounds."""
        names = sorted({sound.sound_class for sound in self.sounds})
        return {
            name: tuple(sound for sound in self.sounds if sound.sound_class == name)
            for name in names
        }

    @functools.cached_property
    def by_source(self) -> dict[str, Sound]:
        return {sound.source: sound for sound in self.sounds}

    def without(self, source: str) -> "SoundLibrary":
        """The library but for the sound called `source`, if it holds that."""
        if source not in self.by_source:
            return self
        kept = tuple(sound for sound in self.sounds if sound.source != source)
        return replace(self, sounds=kept)

    def wave(self, source: str) -> np.ndarray:
        """The sound called `source`, mono (S,) at the library's rate; not to be written to.

        Raises `DataError` for a source that the folder does not hold and for a damaged file.
        """
        if source not in self.by_source:
            raise DataError(f"{self.folder}: holds no sound called {source}")
        sound = self.by_source[source]
        state, rate = _state(sound.path), self.sample_rate
        return _kept_wave(sound, state, rate, self.cache, self.is_noise)


def load_sounds(
    folder: Path,
    sample_rate: int,
    default_class: str,
    cache: Path | None = None,
    is_noise: bool = True,
) -> SoundLibrary:
    """The library of all sounds in `folder`, however deep; the headers are read, not the audio.

    Raises `DataError` naming the place when the folder is missing or holds no audio, when a
    file is not audio, or what `read_lists` raises.
    """
    listed = read_lists(folder)
    sounds: list[Sound] = []
    first_name: dict[str, str] = {}  # of each file, which may have several by links
    for path in _sound_files(folder):
        if path.suffix.lower() == TABLE_SUFFIX:
            sounds += _sounds_of_table(path, folder, default_class)
        else:
            source = first_name.setdefault(os.path.realpath(path), _name_of(path, folder))
            sounds.append(_sound_of_file(path, folder, default_class, listed, source))
    if not sounds:
        raise DataError(f"{folder}: its Parquet files have no rows")
    return SoundLibrary(folder, sample_rate, tuple(sounds), cache, is_noise)


def _sound_of_file(
    path: Path, folder: Path, default_class: str, listed: Mapping[str, Listed], recording: str
) -> Sound:
    _check_header(path, _state(path))
    entry = listed.get(os.path.realpath(path), _NOT_LISTED)
    return Sound(
        path=path,
        source=_name_of(path, folder),
        sound_class=entry.sound_class or _class_of(path, folder) or default_class,
        license=entry.license or UNKNOWN_LICENSE,
        attribution=entry.attribution,
        recording=entry.recording or recording,
    )


def _sounds_of_table(path: Path, folder: Path, default_class: str) -> Iterator[Sound]:
    name = _name_of(path, folder)
    for entry in table_rows(path):
        source = f"{name}#{entry.row}"
        yield Sound(
            path=path,
            source=source,
            sound_class=entry.sound_class or default_class,
            license=entry.license or UNKNOWN_LICENSE,
            attribution=entry.attribution,
            recording=entry.recording or source,
            row=entry.row,
        )


def _name_of(path: Path, folder: Path) -> str:
    within = path.relative_to(folder).as_posix() if path != folder else ""
    return f"{folder.resolve().name}/{within}".rstrip("/")


def _class_of(path: Path, folder: Path) -> str:
    """The first folder below `folder`; empty for a file that lies in it."""
    parents = path.relative_to(folder).parts[:-1]
    return parents[0] if parents else ""


def folder_digest(folder: Path) -> str:
    """16 hex digits over names and content of the folder's sounds and its `sources.csv`.

    Raises `DataError` for a folder that is missing or holds no audio.
    """
    digest = hashlib.blake2b(digest_size=8)
    for path in folder_files(folder):
        digest.update(f"{os.path.relpath(path, folder)}\x1f".encode())
        digest.update(_content(path))
    return digest.hexdigest()


def folder_files(folder: Path) -> list[Path]:
    """The folder's sounds and the lists that describe them. Raises as `folder_digest` does."""
    return [*_sound_files(folder), *list_files(folder)]


def _sound_files(folder: Path) -> Iterator[Path]:
    if not folder.exists():
        raise DataError(f"{folder}: no such folder of sounds")
    if folder.suffix.lower() == TABLE_SUFFIX and folder.is_file():
        yield folder
        return
    if not folder.is_dir():
        raise DataError(f"{folder}: is a file; a folder of sound files is needed")
    suffixes = (*AUDIO_SUFFIXES, TABLE_SUFFIX)
    paths = [path for path in files_below(folder) if path.suffix.lower() in suffixes]
    if not paths:
        kinds = ", ".join(suffix[1:] for suffix in (*AUDIO_SUFFIXES, TABLE_SUFFIX))
        raise DataError(f"{folder}: holds no sound files ({kinds})")
    yield from paths


def _state(path: Path) -> FileState:
    try:
        return file_state(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


@functools.cache
def _check_header(path: Path, state: FileState) -> None:
    if read_header(path).frames <= 0:
        raise DataError(f"{path}: a sound file without any audio in it")


@functools.lru_cache(maxsize=_CACHED_WAVES)
def _kept_wave(
    sound: Sound, state: FileState, sample_rate: int, cache: Path | None, is_noise: bool
) -> np.ndarray:
    """`state` is there for the cache in memory alone."""
    if cache is None:
        wave = _read_wave(sound, sample_rate, is_noise)
        wave.setflags(write=False)
        return wave
    row = "" if sound.row is None else f"-{sound.row}"
    kind = f"{'noise' if is_noise else 'room'}-{_decoders()}"
    digest = f"{_content(sound.path).hex()}{row}-{kind}"

    def decode() -> np.ndarray:
        wave = _read_wave(sound, sample_rate, is_noise)
        if _state(sound.path) != state:  # it would be kept under the digest of another content
            raise DataError(f"{sound.path}: was replaced while it was read")
        return wave

    return cached_wave(cache, digest, sample_rate, decode)


@functools.cache
def _decoders() -> str:
    """Releases of the decoders and the resampler: others may give other samples."""
    import soundfile

    releases = f"{soundfile.__libsndfile_version__} {version('soxr')} {version('scipy')}"
    return hashlib.blake2b(releases.encode(), digest_size=4).hexdigest()


def _read_wave(sound: Sound, sample_rate: int, is_noise: bool) -> np.ndarray:
    if sound.row is None:
        wave = read_audio(sound.path, sample_rate)
    else:
        try:
            wave, own_rate = decode_audio(table_audio(sound.path, sound.row))
        except DataError as error:
            raise DataError(f"{sound.path}: row {sound.row}: {error}") from None
        wave = resample(wave, own_rate, sample_rate)
    return audible(wave, sample_rate) if is_noise else wave


def _content(path: Path) -> bytes:
    try:
        return file_digest(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
