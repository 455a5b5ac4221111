"""LJSpeech: a corpus a split, each `metadata.csv` beside a folder `wavs/`.

    OUT/train/metadata.csv    id|text|normalized text      OUT/train/wavs/ID.wav
    OUT/train/speakers.csv    id|speaker

LJSpeech has one speaker, so its own file has no room for several. It is a corpus to learn to speak
from: clips without speech are left out.
"""

from collections.abc import Iterable, Sequence

from pipeline.export.clips import Clip
from pipeline.export.pieces import Piece, by_split, join_parts
from pipeline.export.sounds import as_wav

_FILES = ("metadata.csv", "speakers.csv")


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    metadata, speakers = (piece.part(name) for name in _FILES)
    with metadata.open("w", encoding="utf-8") as lines, speakers.open("w", encoding="utf-8") as own:
        for clip in clips:
            if clip.is_silence:
                continue
            piece.place_bytes(f"{piece.split}/wavs/{clip.name}.wav", as_wav(clip))
            row = clip.row
            lines.write(_line(clip.name, row["text"], row["normalized_text"]))
            own.write(_line(clip.name, row["speaker"]))


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        for name in _FILES:
            join_parts(own, name, f"{split}/{name}")


def _line(*fields: str) -> str:
    """Fields without the characters that end one: there is no quoting in this layout."""
    return "|".join(" ".join(field.replace("|", " ").split()) for field in fields) + "\n"
