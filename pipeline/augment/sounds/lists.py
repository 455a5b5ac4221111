"""Lists of sounds that people keep: `sources.csv`, and the `metadata` files of Hugging Face.

    FOLDER/sources.csv, or beside FOLDER     path,class,license,attribution,source
    metadata.csv or metadata.jsonl at any depth in FOLDER     file_name and any of these columns

Paths are relative to the list. Names of files and of columns are read in any case. The metadata
of a corpus (`id|speaker|text|normalized text` beside `wavs/`) is no list of sounds.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from models.errors import DataError
from models.folders import files_below
from models.training.corpus import FILE_NAME, is_corpus_metadata
from pipeline.sentences.own.own_files import EMPTY, columns_of, read_rows

CLASSES = ("class", "sound_class", "label", "category")
LICENSES = ("license", "licence")
AUTHORS = ("attribution", "author")
RECORDINGS = ("recording", "url")

_SOURCES = "sources.csv"
_METADATA = ("metadata.csv", "metadata.jsonl")
_FIELDS = {
    "sound_class": CLASSES,
    "license": LICENSES,
    "attribution": AUTHORS,
    "recording": ("source", *RECORDINGS),
}


class Listed(NamedTuple):
    """What a list says of a sound; empty where it says nothing. `line` is `FILE:LINE`."""

    sound_class: str
    license: str
    attribution: str
    recording: str
    line: str


def list_files(folder: Path) -> list[Path]:
    """The lists that describe the sounds of `folder`: its own, or else that of its parent."""
    if not folder.is_dir():
        return []
    inside = [
        path
        for path in files_below(folder)
        if path.name.lower() in _METADATA and not _is_of_a_corpus(path)
    ]
    for candidate in (folder, folder.resolve().parent):
        own = [p for p in sorted(candidate.iterdir()) if p.name.lower() == _SOURCES and p.is_file()]
        if own:
            return [*own[:1], *inside]
    return inside


def read_lists(folder: Path) -> dict[str, Listed]:
    """Path of a sound file -> what the folder's lists say of it.

    Raises `DataError` naming the list that lacks a column, and the lines that cannot be read, or
    that list one file twice and differ.
    """
    found: dict[str, Listed] = {}
    for path in list_files(folder):
        for name, listed in _rows(path):
            known = found.setdefault(name, listed)
            if known[:-1] != listed[:-1]:
                raise DataError(f"{known.line} and {listed.line} list the same sound differently")
    return found


def _is_of_a_corpus(path: Path) -> bool:
    return (path.parent / "wavs").is_dir() and is_corpus_metadata(path)


def _rows(path: Path) -> Iterator[tuple[str, Listed]]:
    by_name = {name.strip().lower(): name for name in reversed(list(columns_of(path)))}
    where = "path" if path.name.lower() == _SOURCES else FILE_NAME
    needed = {where, "license"} if where == "path" else {where}
    if missing := sorted(needed - by_name.keys()):
        raise DataError(f"{path}: lacks the column {', '.join(missing)}")
    for row in read_rows(path, list(by_name.values())):
        line = f"{path}:{row.line}"
        if row.problem == EMPTY:
            continue
        if row.problem:
            raise DataError(f"{line}: {row.problem}")
        values = {name: _text(row.values.get(column)) for name, column in by_name.items()}
        stated = {
            field: next((values[name] for name in names if values.get(name)), "")
            for field, names in _FIELDS.items()
        }
        try:
            file = os.path.realpath(path.parent / values[where])
        except ValueError:  # a NUL, or half of a surrogate pair
            raise DataError(f"{line}: {where}: no file can be called {values[where]!a}") from None
        yield file, Listed(**stated, line=line)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
