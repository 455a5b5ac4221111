"""The check for silent sounds before work: they would be drawn, and add no noise."""

import functools
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import DataError
from models.file_state import FileState, file_state
from models.waveform import audible, mono
from pipeline.audio.files import rms_db
from pipeline.augment.sounds.library import Sound, SoundLibrary
from pipeline.augment.sounds.tables import table_sounds

_SOFTEST_DB = -80.0  # half a second below it is dither
_BLOCK_S = 0.5
_NAMED = 5


def check_audible(library: SoundLibrary) -> None:
    """Raise `DataError` naming the sounds that hold nothing to be heard above 20 Hz, the class that
    has no others, and a sound with samples that are no numbers.

    A file is read as far as its first sound.
    """
    tables = {sound.path for sound in library.sounds if sound.row is not None}
    audible_rows = {path: _audible_rows(path, file_state(path)) for path in tables}
    silent = [sound for sound in library.sounds if not _is_audible(sound, audible_rows)]
    if not silent:
        return
    names = ", ".join(sound.source for sound in silent[:_NAMED])
    more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
    gone = [name for name, sounds in library.by_class.items() if set(sounds) <= set(silent)]
    lost = f"; nothing else is of class {', '.join(gone)}" if gone else ""
    raise DataError(
        f"{library.folder}: nothing is heard in {len(silent)} of {len(library.sounds)} sounds "
        f"({names}{more}){lost}: remove them"
    )


def _is_audible(sound: Sound, rows: dict[Path, tuple[bool, ...]]) -> bool:
    if sound.row is not None:
        return rows[sound.path][sound.row]
    return _is_file_audible(sound.path, file_state(sound.path))


@functools.lru_cache(maxsize=1 << 16)
def _is_file_audible(path: Path, state: FileState) -> bool:
    """`state` is there for the cache alone."""
    return _holds_sound(str(path), str(path))


@functools.lru_cache(maxsize=64)
def _audible_rows(path: Path, state: FileState) -> tuple[bool, ...]:
    """`state` is there for the cache alone."""
    return tuple(
        _holds_sound(io.BytesIO(data), f"{path}: row {row}")
        for row, data in enumerate(table_sounds(path))
    )


def _holds_sound(file: Any, name: str) -> bool:
    import soundfile

    try:
        with soundfile.SoundFile(file) as sound:
            size = max(1, round(_BLOCK_S * sound.samplerate))
            blocks = sound.blocks(size, dtype="float32", always_2d=True)
            may_lack_numbers = sound.subtype in ("FLOAT", "DOUBLE")
            return _any_audible(blocks, sound.samplerate, name, may_lack_numbers)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise DataError(f"{name}: not a sound file that can be read ({error})") from None


def _any_audible(
    blocks: Iterator[np.ndarray], sample_rate: int, name: str, whole_file: bool
) -> bool:
    """Whether a block (S, C) is audible; of a `whole_file` all blocks are checked."""
    found = False
    for block in blocks:
        if not np.isfinite(block).all():
            raise DataError(f"{name}: holds NaN or infinite samples")
        found = found or rms_db(audible(mono(block), sample_rate)) > _SOFTEST_DB
        if found and not whole_file:
            break
    return found
