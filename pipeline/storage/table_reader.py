"""Reads Parquet and Arrow files whole, in a process that may die of them; see `foreign_tables.py`.

A program of its own, which imports nothing of this project: it takes a JSON object of `files`,
`columns` and limits on its input, and writes a line for each file, `started` before it reads it and
`fine` or what is wrong after.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.modules["numpy"] = None  # type: ignore[assignment]  # Arrow starts twice as fast without it
import pyarrow as pa  # noqa: E402

_ROWS_AT_ONCE = 1024
_ROWS_OF_ANY_FILE = 1_000_000
_ROWS_OF_A_BYTE = 10


def read_whole(path: Path, columns: Sequence[str], max_rows: int) -> None:
    """Read the schema, and every row of those of `columns` that are there.

    Raises all that Arrow raises, and `ValueError` for more than `max_rows`, or more than distinct
    ones can be in a file of its size: equal rows take next to nothing, and as long to read.
    """
    size = path.stat().st_size
    max_rows = min(max_rows, _ROWS_OF_ANY_FILE + _ROWS_OF_A_BYTE * size)
    rows = 0
    for batch in _batches(path, columns):
        rows += batch.num_rows
        if rows > max_rows:
            raise ValueError(
                f"more than {max_rows:,} rows in {size:,} bytes, the most that are read"
            )
        for column in batch.columns:
            _check(column)
            with suppress(UnicodeDecodeError):  # told for its row by whoever reads it
                column.to_pylist()


def _batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as table:
            names = [name for name in columns if name in table.schema_arrow.names]
            yield from table.iter_batches(_ROWS_AT_ONCE, columns=names) if names else ()
        return
    with pa.memory_map(str(path)) as stream, pa.ipc.open_stream(stream) as reader:
        names = [name for name in columns if name in reader.schema.names]
        for batch in reader if names else ():
            yield batch.select(names)


def _check(array: pa.Array) -> None:
    """Raise `pa.ArrowInvalid` for lengths or offsets that lead out of their buffers.

    Text that is no UTF-8 is a matter of its row; `validate` would stop at it and leave the rest.
    """
    if pa.types.is_string(array.type):
        array = array.view(pa.binary())
    elif pa.types.is_large_string(array.type):
        array = array.view(pa.large_binary())
    elif pa.types.is_struct(array.type):
        array.validate()
        for index in range(array.type.num_fields):
            _check(array.field(index))
        return
    elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        array.validate()
        _check(array.values)
    elif pa.types.is_dictionary(array.type):
        array.validate()
        _check(array.dictionary)
        _check(array.indices)
    with suppress(UnicodeDecodeError):
        try:
            array.validate(full=True)
        except pa.ArrowInvalid as error:
            if "UTF8" not in str(error):
                raise


def _limit_memory(max_bytes: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (max_bytes, max_bytes))


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    _limit_memory(asked["max_bytes"])
    for file in asked["files"]:
        print("started", flush=True)
        try:
            read_whole(Path(file), asked["columns"], asked["max_rows"])
        except MemoryError:
            print(f"a batch of its rows needs more than {asked['max_bytes']:,} bytes of memory")
        except Exception as error:
            print((str(error).splitlines() or [type(error).__name__])[0])
        else:
            print("fine")


if __name__ == "__main__":
    main()
