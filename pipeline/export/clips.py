"""What an export reads: the rows of a data file, a few at a time, and names that any disk takes."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.dataset.columns import KEPT_AUDIO, present_names
from pipeline.dataset.files import read_rows
from pipeline.records import is_recording
from pipeline.storage.shards import UNREADABLE, first_line

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST = 180  # with a prefix and a suffix a name stays under the 255 bytes of most disks


@dataclass(frozen=True, slots=True)
class Clip:
    """A row: its columns without sound, and the sound file of the column `audio` as it is.

    `suffix` is the kind of that file, such as `.flac`.
    """

    row: Mapping[str, Any]
    sound: bytes
    suffix: str

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def is_silence(self) -> bool:
        """Whether it is without speech."""
        return not self.row["transcript"]

    @property
    def is_recorded(self) -> bool:
        """Whether a person speaks: it is a recording of the builder's."""
        return is_recording(str(self.row.get("acoustic_model", "")))

    @property
    def name(self) -> str:
        """The id as a file name without suffix."""
        return safe_name(self.id)

    @property
    def num_samples(self) -> int:
        return round(self.row["duration_s"] * self.row["sample_rate"])

    def others(self, *taken: str) -> dict[str, Any]:
        """The columns that a layout has no field of its own for."""
        return {name: value for name, value in self.row.items() if name not in taken}


def read_clips(path: Path) -> Iterator[Clip]:
    """The clips of a data file, in its order. Raises `DataError` naming a damaged file."""
    for row in read_rows(path, [name for name in columns_of(path) if name not in KEPT_AUDIO]):
        audio = row.pop("audio")
        yield Clip(row, audio["bytes"], Path(audio["path"]).suffix)


def columns_of(path: Path) -> list[str]:
    """The columns of a data file. Raises `DataError` naming it where it cannot be read."""
    return present_names(_footer(pq.read_schema, path).names)


def count_rows(path: Path) -> int:
    """The rows of a data file. Raises `DataError` naming it where it cannot be read."""
    return int(_footer(pq.read_metadata, path).num_rows)


def safe_name(text: str, unsafe: re.Pattern[str] = _UNSAFE) -> str:
    """`text` as a file name of ASCII letters, digits, `_` and `-`; other text, another name.

    What matches `unsafe` becomes `_`; a name in which anything did ends in a digest of `text`.
    """
    if len(text) <= _LONGEST and not unsafe.search(text):
        return text
    name = unsafe.sub("_", text)[:_LONGEST]
    return f"{name}_{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def json_line(value: Mapping[str, Any]) -> str:
    """`value` as a line of a JSON Lines file."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"


def _footer(read: Any, path: Path) -> Any:
    try:
        return read(path)
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)})") from error
