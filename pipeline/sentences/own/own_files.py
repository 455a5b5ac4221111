"""Readers of the user's files: text, CSV, TSV, JSON lines, Parquet, Arrow, and the
folders of Hugging Face datasets. One row at a time, and only the columns that are asked for, so
the audio beside the text is never read.
"""

import csv
import functools
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError
from models.file_state import FileState, file_state
from models.folders import files_below
from models.json_files import parse_json
from pipeline.storage.foreign_tables import check_tables

MAX_COLUMNS = 2_000  # their names are compared with those that are looked for
SUFFIXES = (".txt", ".csv", ".tsv", ".jsonl", ".parquet", ".arrow")
_TABLES = (".parquet", ".arrow")  # which know the types of their columns
_OF_A_FOLDER = ((".parquet",), (".jsonl",), (".csv", ".tsv"))  # the first kind that is there
_SAVED = "state.json"  # where `Dataset.save_to_disk` names its files
_MAX_LINE_BYTES = 1 << 20
_BATCH_ROWS = 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_UTF8 = "not UTF-8 text"
EMPTY = "empty"  # the problem of a row in which nothing stands

csv.field_size_limit(_MAX_LINE_BYTES)  # instead of 131,072: a field may fill its line

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row by its columns; where it cannot be read, `problem` says why and `values` are empty.

    `line` counts from 1: lines of a text file, rows of a table without lines.
    """

    line: int
    values: Values = field(default_factory=dict)
    problem: str = ""


def data_files(path: Path) -> list[Path]:
    """The files of a dataset folder, sorted, or the one file that `path` is.

    Raises `DataError` for a path that is neither, with what is allowed.
    """
    if path.is_file():
        if kind_of(path) not in SUFFIXES:
            raise DataError(f"{path}: `{path.suffix}` files cannot be read; {_allowed()}")
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; {_allowed()}")
    visible = list(files_below(path))
    saved = [name for file in visible if file.name == _SAVED for name in _saved_files(file)]
    for suffixes in _OF_A_FOLDER if not saved else ():
        if found := [file for file in visible if kind_of(file) in suffixes]:
            return found
    if not saved:
        raise DataError(f"{path}: no data in this folder; {_allowed()}")
    return saved


def kind_of(file: Path) -> str:
    """The suffix in small letters, which says how a file is read."""
    return file.suffix.lower()


def columns_of_all(files: Sequence[Path]) -> dict[str, str]:
    """The columns of the first of a folder's files; of JSON lines those of every file, because an
    object may lack what others have. Raises `DataError` as `columns_of` does.
    """
    columns = columns_of(files[0])
    for file in files[1:]:
        if kind_of(file) == ".jsonl":
            with _readable(file):
                columns |= dict.fromkeys(_names_in_objects(file, file_state(file)), "")
    return columns


def columns_of(file: Path) -> dict[str, str]:
    """The columns of a file, each with its type where the file knows it, else ``; of JSON lines
    the names in any of its objects.

    Raises `DataError` for an empty file, one that is not what its name says, and too many columns.
    """
    with _readable(file):
        if kind_of(file) in _TABLES:
            check_tables([file])
            schema = _schema(file)
            _check_columns(file, schema.names)
            return {entry.name: str(entry.type) for entry in schema}
        first = next(_lines(file), None)
        if first is None:
            raise DataError(f"{file}:1: the file is empty")
        if kind_of(file) == ".txt":
            return {"text": ""}
        if kind_of(file) == ".jsonl":
            names = _names_in_objects(file, file_state(file))
            if not names:
                top = next(_json_rows(file))
                raise DataError(f"{file}:{top.line}: {top.problem}")
            return dict.fromkeys(names, "")
        header = next(_records(file), (0, []))[1]
        if any("\udc80" <= sign <= "\udcff" for name in header for sign in name):
            raise DataError(f"{file}:1: not UTF-8 text; save it as UTF-8")
        _check_columns(file, header)
        return dict.fromkeys(header, "")


def read_rows(file: Path, columns: Sequence[str]) -> Iterator[OwnRow]:
    """The rows of one file, in order, with these columns. Raises `DataError` naming file and
    line for what stops the reading; what spoils a single row is its `problem`.
    """
    with _readable(file):
        if kind_of(file) == ".txt":
            yield from _text_rows(file)
        elif kind_of(file) == ".jsonl":
            yield from _json_rows(file)
        elif kind_of(file) in (".csv", ".tsv"):
            yield from _record_rows(file)
        else:
            yield from _table_rows(file, columns)


def most_rows(file: Path, columns: Sequence[str]) -> int:
    """How many rows the file has at most, without reading them: lines, or the rows of a table."""
    with _readable(file):
        if kind_of(file) in _TABLES:
            return sum(batch.num_rows for batch in _batches(file, columns))
        with file.open("rb") as stream:
            blocks = iter(lambda: stream.read(_MAX_LINE_BYTES), b"")
            return 1 + sum(block.count(b"\n") for block in blocks)


def check_files(files: Sequence[Path], columns: Sequence[str]) -> None:
    """Raise `DataError` naming a table that is damaged in its schema or one of these columns."""
    check_tables([file for file in files if kind_of(file) in _TABLES], columns)


def content_digest(files: Sequence[Path], columns: Sequence[str]) -> bytes:
    """Changes with any row of the files: with their bytes, or in tables with these columns."""
    digest = hashlib.blake2b(digest_size=16)
    check_files(files, columns)
    for file in files:
        digest.update(f"\0{file.name}\0".encode())
        with _readable(file):
            if kind_of(file) in _TABLES:
                for batch in _batches(file, columns):
                    digest.update(repr([_values(column) for column in batch.columns]).encode())
            else:
                with file.open("rb") as stream:
                    while block := stream.read(_MAX_LINE_BYTES):
                        digest.update(block)
    return digest.digest()


@functools.cache
def _names_in_objects(file: Path, _: FileState) -> tuple[str, ...]:
    """The names in all objects of a file of JSON lines, which is read whole, and again only when
    its state is another one.
    """
    names = dict[str, None]()
    for row in _json_rows(file):
        if not row.values.keys() <= names.keys():
            names |= dict.fromkeys(row.values)
            _check_number(file, row.line, len(names))
    return tuple(names)


def _check_number(file: Path, line: int, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise DataError(f"{file}:{line}: {columns:,} columns; at most {MAX_COLUMNS:,} are read")


def _check_columns(file: Path, names: Sequence[str]) -> None:
    _check_number(file, 1, len(names))
    for name, times in Counter(names).items():
        if times > 1:
            raise DataError(f"{file}:1: two columns are called `{name}`")


def _allowed() -> str:
    return f"allowed: {', '.join(SUFFIXES)}, or the folder of a Hugging Face dataset"


def _saved_files(state: Path) -> list[Path]:
    try:
        listed = parse_json(state.read_text(encoding="utf-8"))["_data_files"]
        files = [state.parent / entry["filename"] for entry in listed]
        if any("\0" in str(file) for file in files):
            raise ValueError("no file can be called so")
        return files
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{state}: does not list the files of a saved dataset") from None


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = str(error.strerror or error).partition("\n")[0]
        raise DataError(f"{file}: cannot be read ({reason})") from None
    except pa.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{file}: not a sound {file.suffix} file ({reason})") from None


def _lines(file: Path) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines without their ends; None for one that is too long to be held."""
    with file.open("rb") as stream:
        for number in itertools.count(1):
            line = stream.readline(_MAX_LINE_BYTES)
            if not line:
                return
            whole = len(line) < _MAX_LINE_BYTES or line.endswith(b"\n")
            if number == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)
            yield number, line.rstrip(b"\r\n") if whole else None
            while not whole:
                line = stream.readline(_MAX_LINE_BYTES)
                whole = not line or line.endswith(b"\n")


def _text_rows(file: Path) -> Iterator[OwnRow]:
    for number, line in _lines(file):
        if line is None:
            yield OwnRow(number, problem=_too_long())
            continue
        try:
            text = line.decode()
            if "\r" in text:
                raise DataError(f"{file}:{number}: lines end with CR alone; LF or CR LF is needed")
            yield OwnRow(number, {"text": text})
        except UnicodeDecodeError:
            yield OwnRow(number, problem=_NOT_UTF8)


def _json_rows(file: Path) -> Iterator[OwnRow]:
    for number, line in _lines(file):
        if line is None:
            yield OwnRow(number, problem=_too_long())
            continue
        try:
            values = json.loads(line.decode()) if line.strip() else {}
        except UnicodeDecodeError:
            yield OwnRow(number, problem=_NOT_UTF8)
        except (ValueError, RecursionError):
            yield OwnRow(number, problem="not JSON")
        else:
            is_object = isinstance(values, dict)
            problem = "" if is_object and values else "not a JSON object" if line.strip() else EMPTY
            yield OwnRow(number, values if is_object else {}, problem)


def _record_rows(file: Path) -> Iterator[OwnRow]:
    records = _records(file)
    _, header = next(records, (0, []))
    for number, record in records:
        text = "".join(record)
        if not text.strip():
            yield OwnRow(number, problem=EMPTY)
        elif not _is_unicode(text):
            yield OwnRow(number, problem=_NOT_UTF8)
        elif len(record) != len(header):
            yield OwnRow(number, problem=f"{len(record)} fields under {len(header)} columns")
        else:
            yield OwnRow(number, dict(zip(header, record, strict=True)))


def _records(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV or TSV file, the header first, each with its first line's number.

    Quotes part no fields in TSV, where many files hold bare ones.
    """
    is_tsv = kind_of(file) == ".tsv"
    lines = (_decoded(file, number, line) for number, line in _lines(file))
    quoting = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if is_tsv else {"strict": True}
    reader = csv.reader(lines, **quoting)
    first_line = 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{file}:{first_line}: not CSV: {error}; is a quote open?") from None
        if record is None:
            return
        yield first_line, [_unquoted(value) for value in record] if is_tsv else record
        first_line = reader.line_num + 1


def _decoded(file: Path, number: int, line: bytes | None) -> str:
    if line is None:
        raise DataError(f"{file}:{number}: {_too_long()}")
    return line.decode("utf-8", errors="surrogateescape") + "\n"


def _unquoted(value: str) -> str:
    inner = value[1:-1]
    is_quoted = (
        len(value) > 1 and value[0] == value[-1] == '"' and '"' not in inner.replace('""', "")
    )
    return inner.replace('""', '"') if is_quoted else value


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _too_long() -> str:
    return f"a line of more than {_MAX_LINE_BYTES:,} bytes"


def _schema(file: Path) -> pa.Schema:
    if kind_of(file) == ".parquet":
        return pq.read_schema(file)
    with pa.memory_map(str(file)) as stream, pa.ipc.open_stream(stream) as reader:
        return reader.schema


def _batches(file: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    if kind_of(file) == ".parquet":
        with pq.ParquetFile(file) as table:
            yield from table.iter_batches(_BATCH_ROWS, columns=list(columns))
        return
    with pa.memory_map(str(file)) as stream, pa.ipc.open_stream(stream) as reader:
        for batch in reader:
            yield batch.select(list(columns))


def _table_rows(file: Path, columns: Sequence[str]) -> Iterator[OwnRow]:
    check_tables([file], columns)
    schema = _schema(file)
    for column in columns:
        if column not in schema.names:
            raise DataError(f"{file}: no column `{column}`; there are: {', '.join(schema.names)}")
    names = {column: _class_names(schema, column) for column in columns}
    number = 0
    for batch in _batches(file, columns):
        by_column = [_named(_values(batch.column(name)), names[name]) for name in columns]
        for values in zip(*by_column, strict=True):
            number += 1
            if any(value is _UNREADABLE for value in values):
                yield OwnRow(number, problem=_NOT_UTF8)
            else:
                yield OwnRow(number, dict(zip(columns, values, strict=True)))


_UNREADABLE = b"no UTF-8"  # this very object
_NO_CLASS = -1  # of a row that Hugging Face's `ClassLabel` gives no label


def _values(column: pa.Array) -> list[Any]:
    try:
        return column.to_pylist()
    except UnicodeDecodeError:
        return [_value(scalar) for scalar in column]


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _UNREADABLE


def _class_names(schema: pa.Schema, column: str) -> list[str]:
    """The names of a Hugging Face `ClassLabel`, whose values are numbers; else none."""
    try:
        features = parse_json((schema.metadata or {})[b"huggingface"])["info"]["features"]
        feature = features[column]
        return list(feature["names"]) if feature["_type"] == "ClassLabel" else []
    except (KeyError, TypeError, ValueError):
        return []


def _named(values: list[Any], names: list[str]) -> list[Any]:
    """The names that numbers stand for; -1 stands for none."""
    if not names:
        return values
    by_number: dict[int, str | None] = {_NO_CLASS: None, **dict(enumerate(names))}
    return [by_number.get(value, value) if isinstance(value, int) else value for value in values]
