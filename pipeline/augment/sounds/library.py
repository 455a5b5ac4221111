"""Folders of sounds: noise clips and room responses, each with its class, licence and author.

A folder of anyone's own will do: `FOLDER/CLASS/*.flac` (or wav, ogg, mp3; files that lie in
FOLDER itself get a default class). A `sources.csv` in FOLDER or beside it, or the `metadata.csv` of
a Hugging Face folder, says under which licence each file may be used; what it does not list has
the licence `unknown`. Parquet files with a column `audio` are folders of sounds, too.
"""

import csv
import functools
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import DataError
from pipeline.audio.files import decode_audio, read_audio, resample
from pipeline.augment.sounds.cache import cached_wave
from pipeline.augment.sounds.tables import table_audio, table_rows

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
TABLE_SUFFIX = ".parquet"
UNKNOWN_LICENSE = "unknown"

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

    Decoded sounds are kept in the folder `cache`, or in memory where there is none.
    """

    folder: Path
    sample_rate: int
    sounds: tuple[Sound, ...]
    cache: Path | None = None

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

    def wave(self, source: str) -> np.ndarray:
        """The sound called `source`, mono (S,) at the library's rate; not to be written to.

        Raises `DataError` for a source that the folder does not hold and for a damaged file.
        """
        if source not in self.by_source:
            raise DataError(f"{self.folder}: holds no sound called {source}")
        sound = self.by_source[source]
        return _kept_wave(sound, _stat_key(sound.path), self.sample_rate, self.cache)


def load_sounds(
    folder: Path, sample_rate: int, default_class: str, cache: Path | None = None
) -> SoundLibrary:
    """The library of all sounds in `folder`, however deep; the headers are read, not the audio.

    Raises `DataError` naming the place when the folder is missing or holds no audio, when a
    file is not audio, or when `sources.csv` lacks a column.
    """
    listed = _read_sources(folder)
    sounds: list[Sound] = []
    for path in _sound_files(folder):
        if path.suffix.lower() == TABLE_SUFFIX:
            sounds += _sounds_of_table(path, folder, default_class)
        else:
            sounds.append(_sound_of_file(path, folder, default_class, listed))
    if not sounds:
        raise DataError(f"{folder}: its Parquet files have no rows")
    return SoundLibrary(folder, sample_rate, tuple(sounds), cache)


def _sound_of_file(
    path: Path, folder: Path, default_class: str, listed: Mapping[str, Mapping[str, str]]
) -> Sound:
    _check_header(path, _stat_key(path))
    entry = listed.get(os.path.normpath(path), {})
    source = _name_of(path, folder)
    return Sound(
        path=path,
        source=source,
        sound_class=_class_of(path, folder) or entry.get("class") or default_class,
        license=entry.get("license") or UNKNOWN_LICENSE,
        attribution=entry.get("attribution") or "",
        recording=entry.get("source") or source,
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
    listed = [path for path in _sources_files(folder) if path.is_file()]
    for path in [*_sound_files(folder), *listed]:
        digest.update(f"{os.path.relpath(path, folder)}\x1f".encode())
        digest.update(_file_digest(path, _stat_key(path)))
    return digest.hexdigest()


def _sound_files(folder: Path) -> Iterator[Path]:
    if not folder.exists():
        raise DataError(f"{folder}: no such folder of sounds")
    if folder.suffix.lower() == TABLE_SUFFIX and folder.is_file():
        yield folder
        return
    if not folder.is_dir():
        raise DataError(f"{folder}: is a file; a folder of sound files is needed")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in (*AUDIO_SUFFIXES, TABLE_SUFFIX)
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not paths:
        kinds = ", ".join(suffix[1:] for suffix in (*AUDIO_SUFFIXES, TABLE_SUFFIX))
        raise DataError(f"{folder}: holds no sound files ({kinds})")
    yield from paths


def _sources_files(folder: Path) -> tuple[Path, ...]:
    return folder / "sources.csv", folder.parent / "sources.csv", folder / "metadata.csv"


def _read_sources(folder: Path) -> dict[str, Mapping[str, str]]:
    """Path of a sound file -> its row, from the folder's own list or its parent's."""
    listed = next((path for path in _sources_files(folder) if path.is_file()), None)
    if listed is None:
        return {}
    path_column = "file_name" if listed.name == "metadata.csv" else "path"
    needed = {path_column, "license"} if path_column == "path" else {path_column}
    try:
        with listed.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = needed - set(reader.fieldnames or ())
            if missing:
                raise DataError(f"{listed}: lacks the column {', '.join(sorted(missing))}")
            return {os.path.normpath(listed.parent / row[path_column]): row for row in reader}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{listed}: cannot be read as a list of sounds ({error})") from None


def _stat_key(path: Path) -> tuple[int, int]:
    """What tells one content of a file from the next without reading it, for the caches."""
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    return stat.st_size, stat.st_mtime_ns


@functools.cache
def _check_header(path: Path, stat_key: tuple[int, int]) -> None:
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise DataError(f"{path}: not a sound file that can be read ({error})") from None
    if info.frames <= 0:
        raise DataError(f"{path}: a sound file without any audio in it")


@functools.lru_cache(maxsize=_CACHED_WAVES)
def _kept_wave(
    sound: Sound, stat_key: tuple[int, int], sample_rate: int, cache: Path | None
) -> np.ndarray:
    if cache is None:
        wave = _read_wave(sound, sample_rate)
        wave.setflags(write=False)
        return wave
    content = _file_digest(sound.path, stat_key).hex()
    digest = content if sound.row is None else f"{content}-{sound.row}"
    return cached_wave(cache, digest, sample_rate, lambda: _read_wave(sound, sample_rate))


def _read_wave(sound: Sound, sample_rate: int) -> np.ndarray:
    if sound.row is None:
        return read_audio(sound.path, sample_rate)
    try:
        wave, own_rate = decode_audio(table_audio(sound.path, sound.row))
    except DataError as error:
        raise DataError(f"{sound.path}: row {sound.row}: {error}") from None
    return resample(wave, own_rate, sample_rate)


@functools.cache
def _file_digest(path: Path, stat_key: tuple[int, int]) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
