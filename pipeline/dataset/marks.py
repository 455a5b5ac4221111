"""Marks of bad clips: a file beside the dataset, which itself is never changed.

One JSON object a line: `{"id": "home-0123", "note": "cut off"}`. `voxloom browse` writes it;
`voxloom drop` and `output.drop` of a build leave these rows out.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.atomic import write_atomically
from models.errors import DataError
from models.json_files import parse_json
from models.object_store import RemotePath
from models.text_files import read_lines
from pipeline.records import Reject

STAGE = "marks"  # of a dropped row, among rejects
MOST_NOTE = 500  # characters
_FIELDS = {"id", "note"}


def marks_file(dataset: Path) -> Path:
    """Where the marks of a dataset lie unless someone says otherwise: beside its folder, of one in
    an object store in the folder where we are.
    """
    folder = dataset.resolve()
    beside = Path() if isinstance(folder, RemotePath) else folder.parent
    return beside / f"{folder.name}.marks.jsonl"


def read_marks(path: Path) -> dict[str, str]:
    """Notes by row id; of an id that occurs twice the last one.

    Raises `DataError` naming the line that is no mark, or the file that cannot be read.
    """
    lines = read_lines(path, "marks")
    return dict(_mark(line, f"{path}:{n}") for n, line in enumerate(lines, 1) if line.strip())


def write_marks(path: Path, marks: Mapping[str, str]) -> None:
    """Write all marks, whole or not at all. Raises `DataError` when the disk is full."""
    lines = [
        json.dumps({"id": row_id, "note": note}, ensure_ascii=False) + "\n"
        for row_id, note in marks.items()
    ]
    write_atomically(path, "".join(lines).encode())


def marked_reject(row: Mapping[str, Any], note: str) -> Reject:
    """A row of the dataset as the reject that its mark makes of it."""
    reason = f"marked bad: {note}" if note else "marked bad"
    sound = bytes(row["audio"]["bytes"])
    return Reject(row["id"], STAGE, reason, row["template"], row["speaker"], sound)


def _mark(line: str, where: str) -> tuple[str, str]:
    expected = 'a line such as {"id": "home-0123", "note": "cut off"} is expected'
    try:
        mark = parse_json(line)
    except ValueError:
        raise DataError(f"{where}: no JSON; {expected}") from None
    if not isinstance(mark, dict) or not isinstance(mark.get("id"), str) or not mark["id"]:
        raise DataError(f"{where}: no id; {expected}")
    unknown = sorted(mark.keys() - _FIELDS)
    if unknown:
        raise DataError(f"{where}: {unknown[0]}: unknown key; {expected}")
    note = mark.get("note", "")
    if not isinstance(note, str):
        raise DataError(f"{where}: note: {note!r} is no text; {expected}")
    return mark["id"], " ".join(note.split())
