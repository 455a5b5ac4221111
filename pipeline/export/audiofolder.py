"""Hugging Face AudioFolder: a folder a split with `metadata.jsonl` and the sound files it names.

    OUT/train/metadata.jsonl    OUT/train/audio/train-00000/ID.flac

`datasets` guesses the types from the first lines of each split and refuses splits that differ.
So columns of several values are JSON text: an empty list, or a null, would look like another type.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.export.clips import Clip, json_line
from pipeline.export.pieces import Piece, by_split, join_parts

_PART = "metadata"


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    with piece.part(_PART).open("w", encoding="utf-8") as metadata:
        for clip in clips:
            path = piece.add_sound(clip, f"{piece.split}/audio")
            columns = {name: _flat(value) for name, value in clip.row.items()}
            metadata.write(json_line({"file_name": path.partition("/")[2], **columns}))


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        join_parts(own, _PART, f"{split}/metadata.jsonl")


def _flat(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return value
