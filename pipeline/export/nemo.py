"""NVIDIA NeMo: a JSON Lines manifest a split, beside the sound files that it names.

    OUT/train_manifest.json    OUT/audio/train-00000/ID.flac

NeMo takes a relative `audio_filepath` from the manifest's own folder.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.export.clips import Clip, json_line
from pipeline.export.pieces import Piece, by_split, join_parts

_PART = "manifest"


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    with piece.part(_PART).open("w", encoding="utf-8") as manifest:
        for clip in clips:
            manifest.write(json_line(entry(clip, piece.add_sound(clip))))


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        join_parts(own, _PART, f"{split}_manifest.json")


def entry(clip: Clip, audio_filepath: str) -> dict[str, Any]:
    """A line of a manifest: `text` is the transcript, `written_text` the column `text`."""
    return {
        "audio_filepath": audio_filepath,
        "duration": clip.row["duration_s"],
        "text": clip.row["transcript"],
        "written_text": clip.row["text"],
        **clip.others("text", "transcript", "duration_s"),
    }
