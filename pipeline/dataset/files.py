"""A published dataset on disk: which files it has, and how to read them.

OUT/data/train-00000-of-00002.parquet ...    OUT/README.md     OUT/report.html
OUT/build.json    OUT/audit.json             OUT/rejects.parquet    OUT/pictures/duration.png ...
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError
from models.json_files import parse_json
from models.mirror import mirror
from models.object_store import RemotePath
from pipeline.dataset.columns import names_in, present_rows
from pipeline.records import Reject
from pipeline.splits import SPLITS
from pipeline.storage.shards import REJECT, UNREADABLE, first_line

DATA, BUILD_FILE, REJECTS_FILE = "data", "build.json", "rejects.parquet"
CARD_FILE, REPORT_FILE, AUDIT_FILE = "README.md", "report.html", "audit.json"
PICTURES = "pictures"  # of the card
FORMAT = "voxloom-dataset-1"

REJECTS_SCHEMA = pa.schema([("id", pa.string()), *REJECT])
_ROWS_AT_ONCE = 64


def data_file(split: str, index: int, count: int) -> str:
    """The path of a data file within the dataset, in the layout the Hugging Face hub reads."""
    return f"{DATA}/{split}-{index:05d}-of-{count:05d}.parquet"


def data_files(dataset: Path) -> list[Path]:
    """The data files that are there, by split and number."""
    return [
        path for split in SPLITS for path in sorted((dataset / DATA).glob(f"{split}-*.parquet"))
    ]


def read_build(dataset: Path) -> dict[str, Any]:
    """`build.json`. Raises `DataError` when the folder is not a dataset that Voxloom made."""
    path = dataset / BUILD_FILE
    try:
        build = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = first_line(error) if dataset.exists() else "no such folder"
        raise DataError(f"{dataset}: not a Voxloom dataset ({BUILD_FILE}: {reason})") from None
    if not isinstance(build, dict) or build.get("format") != FORMAT:
        found = build.get("format") if isinstance(build, dict) else type(build).__name__
        raise DataError(f"{path}: format: expected {FORMAT}, found {found}")
    return build


def read_schema(path: Path) -> pa.Schema:
    """The schema of a Parquet file. Raises `DataError` naming one that is missing or damaged."""
    try:
        return pq.read_schema(path)
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)})") from error


def read_rows(
    path: Path, columns: Sequence[str] | None = None, at_once: int = _ROWS_AT_ONCE
) -> Iterator[dict[str, Any]]:
    """The rows of one data file, `at_once` at a time, under the names that columns have now; page
    checksums are verified.

    Raises `DataError` naming the file when it is missing or damaged.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            wanted = None if columns is None else names_in(file.schema_arrow.names, columns)
            for group in range(file.num_row_groups):  # over all at once, it keeps what it read
                for batch in file.iter_batches(at_once, row_groups=[group], columns=wanted):
                    yield from present_rows(batch).to_pylist()
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)})") from error


def read_dataset_rejects(dataset: Path, with_audio: bool = False) -> list[Reject]:
    """The rows of `rejects.parquet`, without their audio unless it is asked for; of a dataset in an
    object store that file alone is fetched.
    """
    columns = [name for name in REJECTS_SCHEMA.names if with_audio or name != "audio"]
    path = dataset / REJECTS_FILE
    rows = read_rows(mirror(path) if isinstance(path, RemotePath) else path, columns)
    return [Reject(**row) for row in rows]


def file_digest(path: Path) -> str:
    """SHA-256 as `sha256sum` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
