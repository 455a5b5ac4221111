"""NVIDIA NeMo, tarred: what its convert_to_tarred_audio_dataset.py makes, a folder a split.

    OUT/train/audio_0.tar  audio_1.tar ...    OUT/train/tarred_audio_manifest.json
    OUT/train/sharded_manifests/manifest_0.json ...

A tar's number is the `shard_id` of its lines.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.export.clips import Clip, json_line, safe_name
from pipeline.export.nemo import entry
from pipeline.export.pieces import Piece, by_split, in_shards, join_files
from pipeline.export.tars import Member, write_tar

# NeMo takes `-sub1` at the end of a name for the second part of one recording.
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]|-(?=sub)")
_SUFFIXES = {".opus": ".ogg"}  # by which NeMo knows Opus in Ogg


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    for shard, members in in_shards(piece, clips):
        lines: list[str] = []
        piece.place(f"{piece.split}/audio_{shard}.tar", write_tar(_noted(members, shard, lines)))
        piece.place_bytes(_manifest(piece.split, shard), "".join(lines).encode())


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        out = own[0].out
        manifests = [out / _manifest(split, shard) for piece in own for shard in piece.shards]
        join_files(manifests, out / split / "tarred_audio_manifest.json")


def _noted(clips: Iterable[Clip], shard: int, lines: list[str]) -> Iterator[Member]:
    """The sound files of `clips`; their lines of the manifest are added to `lines`."""
    for clip in clips:
        name = safe_name(clip.id, _UNSAFE) + _SUFFIXES.get(clip.suffix, clip.suffix)
        lines.append(json_line(entry(clip, name) | {"shard_id": shard}))
        yield name, clip.sound


def _manifest(split: str, shard: int) -> str:
    return f"{split}/sharded_manifests/manifest_{shard}.json"
