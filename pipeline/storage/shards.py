"""Shards: the Parquet files in which the stages hand their records on.

A shard holds the records of one type and the rejects of the same stage. Its name holds a key
over everything that made it, so a shard that exists and is intact never needs making again.
"""

import dataclasses
import functools
import hashlib
import json
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.atomic import write_atomically
from models.config import as_mapping
from models.errors import DataError
from models.file_state import FileState, file_state
from pipeline.records import (
    CleanClip,
    FinishedClip,
    JudgedClip,
    MelClip,
    Reject,
    Sentence,
    SpokenSentence,
)

R = TypeVar("R", Sentence, SpokenSentence, MelClip, CleanClip, JudgedClip, FinishedClip)


@dataclass(frozen=True, slots=True)
class Shard(Generic[R]):
    """What `read_shard` found: records and rejects, each in the order they were written."""

    rows: list[R]
    rejects: list[Reject]


# A mel is (n_mels, T) float16, little-endian, row by row; n_mels gives the shape back.
_MEL = pa.struct([("n_mels", pa.int32()), ("values", pa.binary())])
_ARROW_TYPES = {
    str: pa.string(),
    float: pa.float64(),
    int: pa.int64(),
    bytes: pa.binary(),
    np.ndarray: _MEL,
}


def arrow_type(kind: Any) -> pa.DataType:
    """The Arrow type of a field of a record, or of a record: a struct of its fields."""
    if typing.get_origin(kind) is tuple:
        return pa.list_(arrow_type(typing.get_args(kind)[0]))
    if isinstance(kind, types.UnionType):  # with None
        return arrow_type(typing.get_args(kind)[0])
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return pa.struct([(name, arrow_type(of)) for name, of in _field_types(kind)])
    return _ARROW_TYPES[kind]


def _schema(record_type: type) -> pa.Schema:
    """`reject` is null in the rows that went through."""
    _, *fields = arrow_type(record_type)
    return pa.schema([pa.field("id", pa.string(), nullable=False), *fields, ("reject", REJECT)])


@functools.cache
def _field_types(record_type: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(typing.get_type_hints(record_type).items())


REJECT = pa.struct([field for field in arrow_type(Reject) if field.name != "id"])
SCHEMAS: dict[type, pa.Schema] = {record: _schema(record) for record in R.__constraints__}
_REJECT_FIELDS = tuple(REJECT.field(i).name for i in range(REJECT.num_fields))
_DIGEST_KEY = b"voxloom.digest"
_ROWS_KEY = b"voxloom.rows"
_RECORD_KEY = b"voxloom.record"
_BLANK_DIGEST = b"blake2b:" + b"0" * 64
# What Arrow raises for a damaged file; names of columns may be no UTF-8.
UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError)
_MOST_COLUMN_BYTES = 2**31 - 2**20  # nested ones, with room for offsets
_DIGEST = re.compile(rb"blake2b:[0-9a-f]{64}")


def write_shard(path: Path, rows: Iterable[R | Reject], record_type: type[R]) -> Path:
    """Write records and rejects to `path`, whole or not at all; returns `path`.

    Raises `DataError` on a full disk and `TypeError` for a row of another type.
    """
    values = [_to_row(row, record_type) for row in rows]
    table = pa.Table.from_pylist(values, schema=SCHEMAS[record_type])
    return write_table(path, table, record_type.__name__)


def write_table(path: Path, table: pa.Table, record_name: str) -> Path:
    """Write `table` as a shard of `record_name`: what `write_shard` does below its records.

    Raises `DataError` for a column that is larger than Arrow can read back at once.
    """
    for name in table.column_names:
        if table[name].nbytes > _MOST_COLUMN_BYTES:
            raise DataError(
                f"{path}: {name}: {table[name].nbytes / 1e9:.1f} GB of {table.num_rows} rows; a "
                f"shard holds at most {_MOST_COLUMN_BYTES / 1e9:.1f} GB: lower runtime.shard_size"
            )
    sink = pa.BufferOutputStream()
    compression = {name: compression_of(name) for name in leaf_names(table.schema)}
    with pq.ParquetWriter(
        sink, table.schema, compression=compression, write_page_checksum=True
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(
            {
                _RECORD_KEY: record_name.encode(),
                _ROWS_KEY: str(table.num_rows).encode(),
                _DIGEST_KEY: _BLANK_DIGEST,
            }
        )
    write_atomically(path, _seal_digest(sink.getvalue().to_pybytes()))
    return path


def read_shard(path: Path, record_type: type[R], without: Sequence[str] = ()) -> Shard[R]:
    """The records and rejects of a shard.

    Columns named in `without`, or fields of a record (`clean.pcm`), are not read from disk: bytes
    come back as `b""`, a mel as an empty array. Page checksums are verified. Raises `DataError`
    naming the file when it is missing, damaged, or holds another record type.
    """
    columns = list(_column_names(SCHEMAS[record_type], without))
    values = read_table(path, record_type.__name__, columns).to_pylist()
    rows = [_from_row(value, record_type) for value in values if value["reject"] is None]
    return Shard(rows, _rejects_among(values))


def _column_names(schema: pa.Schema, without: Sequence[str]) -> Iterator[str]:
    """The columns but those in `without`; of a record of which a field is, its other fields."""
    for column in schema:
        is_cut = any(name.startswith(f"{column.name}.") for name in without)
        fields = [field.name for field in column.flatten()] if is_cut else [column.name]
        yield from (name for name in fields if name not in without)


def read_table(path: Path, record_name: str | None, columns: Sequence[str] | None) -> pa.Table:
    """Columns (None: all) of a shard that must hold `record_name` (None: whatever it holds)."""
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        found = (file.metadata.metadata or {}).get(_RECORD_KEY, b"something else").decode()
        if record_name not in (None, found):
            raise DataError(f"{path}: expected a shard of {record_name}, found {found}")
        return file.read(columns=None if columns is None else list(columns))
    except FileNotFoundError:
        raise DataError(f"{path}: no such shard") from None
    except UNREADABLE as error:
        raise DataError(f"{path}: damaged shard ({first_line(error)})") from error


def read_rejects(path: Path, with_audio: bool = True) -> list[Reject]:
    """The rejects in a shard of any stage; nothing else of it is read from disk."""
    names = [f"reject.{name}" for name in _REJECT_FIELDS if with_audio or name != "audio"]
    return _rejects_among(read_table(path, None, ["id", *names]).to_pylist())


def is_intact(path: Path) -> bool:
    """Whether the shard exists and every one of its bytes is as it was written.

    Checks the digest over the whole file, then that the footer parses and counts the rows
    that were written.
    """
    try:
        data = path.read_bytes()
        metadata = pq.read_metadata(pa.BufferReader(data))
    except UNREADABLE:
        return False
    values = metadata.metadata or {}
    if values.get(_ROWS_KEY) != str(metadata.num_rows).encode():
        return False
    sealed = values.get(_DIGEST_KEY, b"")
    blank = data.replace(sealed, _BLANK_DIGEST) if _DIGEST.fullmatch(sealed) else b""
    return bool(blank) and sealed == _digest(blank)


def content_digest(path: Path) -> str:
    """16 hex digits over the rows of a shard, whichever release of Arrow wrote them.

    Raises as `read_table` does.
    """
    try:
        return _content_digest(path, file_state(path))
    except FileNotFoundError:
        raise DataError(f"{path}: no such shard") from None


@functools.cache
def _content_digest(path: Path, state: FileState) -> str:
    """`state` is there for the cache alone."""
    table = read_table(path, None, None).replace_schema_metadata()
    digest = hashlib.blake2b(digest_size=8)
    for batch in table.to_batches():
        for row in batch.to_pylist():
            digest.update(f"{row}\x1f".encode())
    return digest.hexdigest()


def shard_key(
    stage: str,
    version: int,
    settings: object,
    upstream: Sequence[str],
    digests: Mapping[str, str],
) -> str:
    """16 hex digits over everything a shard's content depends on.

    `settings` is the part of the config that the stage reads (a config dataclass or plain
    mappings), `upstream` the keys of the shards it reads, `digests` the files it uses.
    """
    parts = {
        "stage": stage,
        "version": version,
        "settings": as_mapping(settings),
        "upstream": list(upstream),
        "digests": dict(digests),
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def shard_path(work_dir: Path, stage: str, key: str, index: int) -> Path:
    """`WORK_DIR/STAGE/00003-KEY.parquet`: a listing shows shards in order."""
    return work_dir / stage / f"{index:05d}-{key}.parquet"


def _seal_digest(data: bytes) -> bytes:
    """Put the file's digest into the blank that its footer keeps for it.

    Page checksums cover neither page headers nor the footer; this covers every byte. The
    digest is that of the file with the blank still blank.
    """
    head, _, tail = data.rpartition(_BLANK_DIGEST)
    return head + _digest(data) + tail


def _digest(data: bytes) -> bytes:
    return b"blake2b:" + hashlib.blake2b(data, digest_size=32).hexdigest().encode()


def leaf_names(schema: pa.Schema) -> list[str]:
    """Parquet's dotted column names of a schema, as the writer's options spell them."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    leaves = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [leaves.column(index).path for index in range(len(leaves.names))]


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """How files of `schema` are written: no dictionary and no compression for what is packed."""
    compression = {name: compression_of(name) for name in leaf_names(schema)}
    return {
        "compression": compression,
        "use_dictionary": [name for name, kind in compression.items() if kind != "NONE"],
        "write_page_checksum": True,
    }


def compression_of(column: str) -> str:
    """The Parquet compression of a leaf column."""
    # FLAC and float16 mels are noise to a compressor: it would cost time and save nothing.
    packed = ("audio", "audio.bytes", "reject.audio", "mel.values", "noise_audio")
    return "NONE" if column in packed or column.endswith("_audio.bytes") else "ZSTD"


def _rejects_among(values: Iterable[Mapping[str, Any]]) -> list[Reject]:
    return [
        Reject(value["id"], **value["reject"]) for value in values if value["reject"] is not None
    ]


def reject_value(reject: Reject) -> dict[str, Any]:
    """A reject as the column of that name holds it."""
    return {name: getattr(reject, name) for name in _REJECT_FIELDS}


def _to_row(row: object, record_type: type) -> dict[str, Any]:
    if isinstance(row, Reject):
        return {"id": row.id, "reject": reject_value(row)}
    if type(row) is not record_type:
        raise TypeError(f"expected {record_type.__name__} or Reject, found {type(row).__name__}")
    return typing.cast(dict[str, Any], _to_plain(row))


def _to_plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _to_plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        values = np.ascontiguousarray(value, dtype="<f2")
        return {"n_mels": values.shape[0], "values": values.tobytes()}
    return value.item() if isinstance(value, np.generic) else value


def _from_row(value: Mapping[str, Any], record_type: Any) -> Any:
    hints = _field_types(record_type)
    return record_type(**{name: _from_plain(value.get(name), kind) for name, kind in hints})


def _from_plain(value: Any, kind: Any) -> Any:
    if kind is np.ndarray:
        return _to_mel(value)
    if kind is bytes and value is None:
        return b""
    if typing.get_origin(kind) is tuple:
        item_kind = typing.get_args(kind)[0]
        return tuple(_from_plain(item, item_kind) for item in value or ())
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _from_row(value, kind)
    return value


def _to_mel(value: Mapping[str, Any] | None) -> np.ndarray:
    if value is None:
        return np.zeros((0, 0), np.float16)
    flat = np.frombuffer(value["values"], dtype="<f2").astype(np.float16)  # a writable copy
    return flat.reshape(value["n_mels"], -1 if value["n_mels"] else 0)


def first_line(error: BaseException) -> str:
    """The first line of an error's message; Arrow's go on with a trace of its own."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
