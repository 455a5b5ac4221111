"""WebDataset: tar files in which a clip is files of one name: sound, transcript, and all columns.

OUT/train-000000.tar:    ID.flac    ID.txt    ID.json
"""

from collections.abc import Iterable, Iterator, Sequence

from pipeline.export.clips import Clip, json_line
from pipeline.export.pieces import Piece, in_shards
from pipeline.export.tars import Member, write_tar


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    for shard, members in in_shards(piece, clips):
        piece.place(f"{piece.split}-{shard:06d}.tar", write_tar(_files(members)))


def finish(pieces: Sequence[Piece]) -> None:
    """Nothing is shared: a tar file stands for itself."""


def _files(clips: Iterable[Clip]) -> Iterator[Member]:
    for clip in clips:
        yield f"{clip.name}{clip.suffix}", clip.sound
        yield f"{clip.name}.txt", clip.row["transcript"].encode()
        yield f"{clip.name}.json", json_line(clip.row).encode()
