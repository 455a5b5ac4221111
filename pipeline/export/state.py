"""What an export folder knows of itself: what it is an export of, and what of it is written.

OUT/.voxloom-export/export.json          of what, and whether all of it is there
OUT/.voxloom-export/train-00000.json     a piece that is written: source digest, clips, hours
OUT/.voxloom-export/train-00000/         what a piece keeps until all are written
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.atomic import write_atomically
from models.errors import DataError
from models.json_files import parse_json
from pipeline.export.pieces import STATE, Piece

_FILE, _FINISHED = "export.json", "finished"


@contextmanager
def held(out: Path, wanted: Mapping[str, Any]) -> Iterator[None]:
    """Hold the folder `out` for the export `wanted`, plain JSON values, while the block runs.

    Raises `DataError` when it holds something else, another export, or another process holds it.
    """
    _check_free(out, wanted)
    state = out / STATE
    state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"{out}: another export is writing here now") from None
        _check_free(out, wanted)
        if not (state / _FILE).exists():
            _write(state / _FILE, {**wanted, _FINISHED: False})
        yield
    finally:
        os.close(descriptor)


def is_finished(out: Path) -> bool:
    """Whether the export in `out` was written to its end."""
    return bool(_read(out / STATE / _FILE).get(_FINISHED))


def end(out: Path, wanted: Mapping[str, Any]) -> None:
    """Note that the export is whole."""
    _write(out / STATE / _FILE, {**wanted, _FINISHED: True})


def clear(pieces: Sequence[Piece]) -> None:
    """Clear away what the pieces of a whole export kept."""
    for piece in pieces:
        shutil.rmtree(piece.scratch, ignore_errors=True)


def begin_piece(piece: Piece) -> None:
    """Make the piece's folder, without what a killed run left in it."""
    shutil.rmtree(piece.scratch, ignore_errors=True)
    piece.scratch.mkdir(parents=True)


def mark(piece: Piece, clips: int, hours: float) -> None:
    """Note that a piece is written."""
    _write(piece.marker, {"sha256": piece.digest, "clips": clips, "hours": hours})


def is_marked(piece: Piece) -> bool:
    """Whether the piece is written, from the very data file that is there now."""
    return piece.marker.exists() and _read(piece.marker).get("sha256") == piece.digest


def marked_clips(piece: Piece) -> int:
    """How many clips a written piece has."""
    return int(_read(piece.marker)["clips"])


def _check_free(out: Path, wanted: Mapping[str, Any]) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise DataError(f"{out}: is a file; a folder is needed")
    if (out / STATE / _FILE).exists():
        found = _read(out / STATE / _FILE)
        for key, value in wanted.items():
            if found.get(key) != value:
                raise DataError(
                    f"{out}: holds an export whose {key} is {_in_words(found.get(key))}, not "
                    f"{_in_words(value)}; choose another folder"
                )
        return
    others = sorted(entry.name for entry in out.iterdir() if entry.name != STATE)
    if others:
        raise DataError(f"{out}: is not empty ({others[0]}); choose another folder")


def _in_words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(
            f"{path}: damaged; remove the folder of the export and start again"
        ) from None
    return value if isinstance(value, dict) else {}


def _write(path: Path, value: Mapping[str, Any]) -> None:
    write_atomically(path, (json.dumps(value, indent=2) + "\n").encode())
