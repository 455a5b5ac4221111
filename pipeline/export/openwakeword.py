"""openWakeWord: the four folders of 16 kHz clips that its train.py augments and learns from.

    OUT/{positive,negative}_{train,test}/ID.wav    OUT/clips.jsonl

A clip is negative where the dataset's column `negative` says so. The split `train` is trained on,
every other is tested on. In openWakeWord's config OUT is `output_dir`/`model_name`.
"""

from collections.abc import Iterable, Sequence

from models.errors import DataError
from pipeline.dataset.files import read_rows
from pipeline.export.clips import Clip, columns_of, json_line
from pipeline.export.pieces import Piece, join_parts
from pipeline.export.sounds import as_wav

SAMPLE_RATE = 16000
_PART = "clips"
_KINDS = ("positive", "negative")


def check(pieces: Sequence[Piece]) -> None:
    """Raise `DataError` unless there are clips of both kinds to train on and to test on."""
    for use in sorted({_use(piece.split) for piece in pieces}):
        missing = set(_KINDS)
        for piece in pieces:
            if missing and _use(piece.split) == use:
                missing -= _kinds_in(piece)
        if missing:
            raise DataError(
                f"{pieces[0].source.parent.parent}: no {' and no '.join(sorted(missing))} clip to "
                f"{use} on; openwakeword needs both kinds: build with a section sentences.negatives"
            )


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    with piece.part(_PART).open("w", encoding="utf-8") as lines:
        for clip in clips:
            path = f"{_kind(clip.row['negative'])}_{_use(piece.split)}/{clip.name}.wav"
            piece.place_bytes(path, as_wav(clip, SAMPLE_RATE))
            lines.write(json_line({"path": path, **clip.row}))


def finish(pieces: Sequence[Piece]) -> None:
    join_parts(pieces, _PART, "clips.jsonl")


def _use(split: str) -> str:
    return "train" if split == "train" else "test"


def _kind(negative: dict[str, str]) -> str:
    return "positive" if negative["kind"] == "none" else "negative"


def _kinds_in(piece: Piece) -> set[str]:
    if "negative" not in columns_of(piece.source):
        return {"positive"}
    return {_kind(row["negative"]) for row in read_rows(piece.source, ["negative"])}
