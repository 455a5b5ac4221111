"""The rows of a dataset without their audio, in memory that does not grow with the dataset.

`LightRows` goes through them as often as asked, each time from disk and in few columns;
`RowsByIndex` fetches single rows whole, without the rest of their file.
"""

import functools
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.dataset.columns import names_in, present_names, present_rows
from pipeline.dataset.files import data_files, read_rows
from pipeline.records import NOBODY
from pipeline.storage.shards import UNREADABLE, first_line

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class LightRows(Collection[Mapping[str, Any]]):
    """The rows of `files` in their `columns`; read anew each time they are gone through."""

    files: tuple[Path, ...]
    columns: tuple[str, ...]

    @classmethod
    def of(cls, dataset: Path, columns: Sequence[str]) -> "LightRows":
        """Those of the dataset in the folder `dataset`."""
        return cls(tuple(data_files(dataset)), tuple(columns))

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for path in self.files:
            yield from read_rows(path, self.columns, _ROWS_AT_ONCE)

    def __len__(self) -> int:
        return sum(_metadata(path).num_rows for path in self.files)

    def __contains__(self, row: object) -> bool:
        return any(row == other for other in self)

    def only(self, *columns: str) -> "LightRows":
        """The same rows in fewer columns, or of a struct in one field: `noise.snr_db`."""
        return LightRows(self.files, columns)

    def values(self, name: str) -> pa.ChunkedArray:
        """One column, or a struct's field (`noise.snr_db`), in Arrow's memory: in row order."""
        columns = [_leaf(path, name) for path in self.files]
        return pa.chunked_array([chunk for column in columns for chunk in column.chunks])

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers without its nulls: (n,) float64."""
        return self.values(name).drop_null().to_numpy().astype(np.float64)

    def texts(self, name: str) -> Iterator[str]:
        """A column of text, a few at a time."""
        for path in self.files:
            for chunk in _leaf(path, name).chunks:
                yield from chunk.to_pylist()

    def speakers(self) -> Iterator[str]:
        """Of the rows in which somebody speaks, a few at a time."""
        return (name for name in self.texts("speaker") if name != NOBODY)


class RowsByIndex:
    """Rows by their index, counted from 0 over the files of a dataset in their order. Those of one
    row group, read one after the other, are read from disk once.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._read_group = functools.lru_cache(maxsize=1)(_read_group)
        self._ends: list[int] = []
        self._groups: list[tuple[Path, int]] = []
        self.columns: list[str] = []
        end = 0
        for path in files:
            metadata = _metadata(path)
            self.columns = self.columns or present_names(metadata.schema.to_arrow_schema().names)
            for group in range(metadata.num_row_groups):
                end += metadata.row_group(group).num_rows
                self._ends.append(end)
                self._groups.append((path, group))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, index: int, columns: Sequence[str] | None = None) -> dict[str, Any]:
        """The row at `index`, with its `split`.

        Raises `IndexError` where there is none, `DataError` naming the file that is damaged.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self._ends, index)
        path, group = self._groups[number]
        offset = index - (self._ends[number - 1] if number else 0)
        table = self._read_group(path, group, None if columns is None else tuple(columns))
        (row,) = table.slice(offset, 1).to_pylist()
        return row | {"split": split_of_file(path)}


def split_of_file(path: Path) -> str:
    """Data files are called `SPLIT-00000-of-00001.parquet`."""
    return path.name.partition("-")[0]


def _read_group(path: Path, group: int, columns: tuple[str, ...] | None) -> pa.Table:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            wanted = columns and names_in(file.schema_arrow.names, columns)
            return present_rows(file.read_row_group(group, columns=wanted))
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)})") from error


def _metadata(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)})") from error


def _leaf(path: Path, name: str) -> pa.ChunkedArray:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            column = file.read(names_in(file.schema_arrow.names, [name])).column(0)
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)})") from error
    for field in name.split(".")[1:]:
        column = pa.chunked_array([chunk.field(field) for chunk in column.chunks])
    return column
