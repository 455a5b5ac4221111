"""Sounds in Parquet files, such as the datasets of the Hugging Face hub are made of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError
from models.json_files import parse_json
from pipeline.augment.sounds.lists import AUTHORS, CLASSES, LICENSES, RECORDINGS
from pipeline.storage.foreign_tables import check_tables
from pipeline.storage.shards import UNREADABLE, first_line

_AUDIO = ("clean_audio", "audio")  # an earlier dataset may hold its clips without their noise, too


@dataclass(frozen=True, slots=True)
class TableRow:
    """What a table says of one sound; empty where it says nothing."""

    row: int
    sound_class: str
    license: str
    attribution: str
    recording: str


def table_rows(path: Path) -> Iterator[TableRow]:
    """The sounds in a Parquet file with a column `audio`, or `clean_audio`; no audio is read.

    Class, licence, author and recording come from columns of these names, where there are any.
    Raises `DataError` naming the file that is damaged or has no audio.
    """
    check_tables([path], (*CLASSES, *LICENSES, *AUTHORS, *RECORDINGS))
    file = _open(path)
    names = file.schema_arrow.names
    if not any(name in names for name in _AUDIO):
        raise DataError(f"{path}: has no column `audio`; it has {', '.join(names)}")
    wanted = {
        field: next((name for name in choices if name in names), None)
        for field, choices in (
            ("sound_class", CLASSES),
            ("license", LICENSES),
            ("attribution", AUTHORS),
            ("recording", RECORDINGS),
        )
    }
    columns = {name: _texts(file, path, name) for name in wanted.values() if name}
    for row in range(file.metadata.num_rows):
        stated = {field: columns[name][row] if name else "" for field, name in wanted.items()}
        yield TableRow(row, **stated)


def table_sounds(path: Path) -> Iterator[bytes]:
    """The sound files of all rows, in order. Raises `DataError` for a row that holds none."""
    file = _open(path)
    audio = next(name for name in _AUDIO if name in file.schema_arrow.names)
    row = 0
    for group in range(file.num_row_groups):
        for value in _read(path, partial(file.read_row_group, group, [audio])).column(audio):
            try:
                yield _sound_of(value.as_py())
            except DataError as error:
                raise DataError(f"{path}: row {row}: {error}") from None
            row += 1


def _sound_of(value: Any) -> bytes:
    data = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(data, bytes):
        raise DataError("holds no audio; sound files as bytes are needed")
    return data


def table_audio(path: Path, row: int) -> bytes:
    """The sound file in row `row` of a Parquet file. Raises `DataError` when it holds none."""
    file, first = _open(path), 0
    audio = next(name for name in _AUDIO if name in file.schema_arrow.names)
    for group in range(file.num_row_groups):
        num_rows = file.metadata.row_group(group).num_rows
        if row < first + num_rows:
            column = _read(path, partial(file.read_row_group, group, [audio]))
            return _sound_of(column.column(audio)[row - first].as_py())
        first += num_rows
    raise DataError(f"{path}: has no row {row}; it has {first}")


def _texts(file: pq.ParquetFile, path: Path, name: str) -> Sequence[str]:
    values = _read(path, partial(file.read, [name])).column(name).to_pylist()
    names = _class_names(file.schema_arrow, name)
    return [_text(value, names) for value in values]


def _text(value: Any, names: Sequence[str]) -> str:
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return value if isinstance(value, str) else "" if value is None else str(value)


def _class_names(schema: pa.Schema, name: str) -> Sequence[str]:
    """What the numbers of a ClassLabel column stand for."""
    try:
        metadata = parse_json((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = metadata["info"]["features"][name]["names"]
        return [str(each) for each in (names.values() if isinstance(names, dict) else names)]
    except (ValueError, LookupError, TypeError):
        return []  # it describes nothing


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as Parquet ({first_line(error)})") from None


def _read(path: Path, read: Callable[[], pa.Table]) -> pa.Table:
    try:
        return read()
    except UNREADABLE as error:
        raise DataError(f"{path}: damaged Parquet file ({first_line(error)})") from None
