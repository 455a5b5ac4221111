"""Shards of judged clips. The wave of a first attempt stays in the vocoder's shard, which has it;
that of a later attempt lies with its judgement.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

from pipeline.records import CleanClip, JudgedClip, Reject
from pipeline.storage.shards import read_shard, write_shard


def write_judged(path: Path, rows: Sequence[JudgedClip | Reject]) -> Path:
    """Write what the judge said of the clips of a shard. Raises as `write_shard` does."""
    kept = [_with_wave(row, b"") if _is_first(row) else row for row in rows]
    return write_shard(path, kept, JudgedClip)


def read_judged(path: Path, vocoded: Path) -> list[JudgedClip]:
    """The clips that passed, with their waves; `vocoded` is the shard of the vocoder.

    Raises `DataError` as `read_shard` does.
    """
    waves = {clip.id: clip.pcm for clip in read_shard(vocoded, CleanClip).rows}
    clips = read_shard(path, JudgedClip).rows
    return [_with_wave(clip, waves[clip.id]) if _is_first(clip) else clip for clip in clips]


def _is_first(row: JudgedClip | Reject) -> TypeGuard[JudgedClip]:
    return isinstance(row, JudgedClip) and row.attempt == 0


def _with_wave(clip: JudgedClip, pcm: bytes) -> JudgedClip:
    return replace(clip, clean=replace(clip.clean, pcm=pcm))
