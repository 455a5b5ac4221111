"""SpeechBrain: a CSV a split with the columns of its recipes, beside the sound files.

    OUT/train.csv    OUT/audio/train-00000/ID.flac

Paths begin with `$data_root`, which `DynamicItemDataset.from_csv(..., replacements=...)` fills in.
It takes every other `$` in a file for such a name too: so there are no further columns.
"""

import csv
from collections.abc import Iterable, Sequence

from pipeline.export.clips import Clip
from pipeline.export.pieces import Piece, by_split, join_parts

_PART = "csv"
_HEADER = "ID,duration,wav,spk_id,wrd\n"


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    with piece.part(_PART).open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        for clip in clips:
            path = f"$data_root/{piece.add_sound(clip)}"
            row = clip.row
            lines.writerow([clip.id, row["duration_s"], path, row["speaker"], row["transcript"]])


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        join_parts(own, _PART, f"{split}.csv", _HEADER)
