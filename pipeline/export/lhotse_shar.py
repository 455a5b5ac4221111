"""Lhotse Shar: numbered pairs of cuts and the tar of their recordings, a folder a split.

OUT/train/cuts.000000.jsonl.gz    OUT/train/recording.000000.tar
"""

import gzip
from collections.abc import Iterable, Iterator, Sequence

from pipeline.export.clips import Clip, json_line
from pipeline.export.lhotse_cuts import cut, recording
from pipeline.export.pieces import Piece, in_shards
from pipeline.export.tars import Member, write_tar

_IN_THE_TAR = {"type": "shar", "channels": [0], "source": ""}


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    for shard, members in in_shards(piece, clips):
        cuts = piece.part("cuts")
        with gzip.GzipFile(cuts, "wb", mtime=0) as lines:
            tar = write_tar(_noted(members, lines))
            piece.place(f"{piece.split}/recording.{shard:06d}.tar", tar)
        piece.place(f"{piece.split}/cuts.{shard:06d}.jsonl.gz", cuts.replace)


def finish(pieces: Sequence[Piece]) -> None:
    """Nothing is shared: the reader pairs the files by their numbers."""


def _noted(clips: Iterable[Clip], lines: gzip.GzipFile) -> Iterator[Member]:
    """Each sound file and after it its recording, as Shar wants; cuts are written to `lines`."""
    for clip in clips:
        described = recording(clip, _IN_THE_TAR)
        lines.write(json_line(cut(clip, described)).encode())
        yield f"{clip.id}{clip.suffix}", clip.sound
        yield f"{clip.id}.json", json_line(described).encode()
