"""A piece of an export: what one data file of the dataset becomes.

Pieces are written side by side, each in one go. Sound files get their final names at once; what
belongs in a file that all pieces share is kept in the piece's own folder until all are there.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from pipeline.export.clips import Clip

STATE = ".voxloom-export"
CLIPS_A_SHARD = 1000  # in layouts of tar files


@dataclass(frozen=True, slots=True)
class Piece:
    """The data file `source`, the `number`th of its split, and where its share goes: below `out`.

    `digest` is the file's SHA-256 as build.json has it. `shards` are the numbers of the tar
    files that a layout cuts it into.
    """

    out: Path
    split: str
    number: int
    source: Path
    digest: str
    shards: range

    @property
    def name(self) -> str:
        return f"{self.split}-{self.number:05d}"

    @property
    def scratch(self) -> Path:
        """The folder of what is not yet where it belongs."""
        return self.out / STATE / self.name

    @property
    def marker(self) -> Path:
        """The file that says that this piece is written."""
        return self.out / STATE / f"{self.name}.json"

    def part(self, name: str) -> Path:
        """This piece's part of the file `name`, which all pieces of the split share."""
        return self.scratch / name

    def place(self, relative: str, fill: Callable[[Path], object]) -> None:
        """Let `fill` write a file, then give it its name below `out`."""
        place_file(self.scratch / "unfinished", self.out / relative, fill)

    def place_bytes(self, relative: str, content: bytes) -> None:
        """Write a file below `out`, whole or not at all."""
        self.place(relative, lambda path: path.write_bytes(content))

    def add_sound(self, clip: Clip, folder: str = "audio", wav: bytes | None = None) -> str:
        """Put the clip's sound file, or `wav`, below `out`; returns its path from there."""
        relative = f"{folder}/{self.name}/{clip.name}{'.wav' if wav else clip.suffix}"
        self.place_bytes(relative, wav or clip.sound)
        return relative


class Layout(Protocol):
    """How a toolkit wants a dataset to lie; every module of one has these two functions."""

    def write(self, piece: Piece, clips: Iterable[Clip]) -> None:
        """Write what `clips`, those of `piece`, become. May be done again after a kill."""

    def finish(self, pieces: Sequence[Piece]) -> None:
        """Write the files that all pieces share. May be done again after a kill."""


def place_file(unfinished: Path, target: Path, fill: Callable[[Path], object]) -> None:
    """Let `fill` write `unfinished`, then rename it to `target`."""
    fill(unfinished)
    try:
        unfinished.replace(target)
    except FileNotFoundError:  # the first one there
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(target)


def by_split(pieces: Iterable[Piece]) -> Mapping[str, list[Piece]]:
    """The pieces of each split, in their order."""
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.split, []).append(piece)
    return found


def join_parts(pieces: Sequence[Piece], name: str, relative: str, header: str = "") -> None:
    """Put `header` and the parts called `name` of `pieces` one after another."""
    join_files([piece.part(name) for piece in pieces], pieces[0].out / relative, header)


def join_files(paths: Iterable[Path], target: Path, header: str = "") -> None:
    """Write `header` and the content of `paths` to `target`, whole or not at all."""

    def fill(unfinished: Path) -> None:
        with unfinished.open("wb") as joined:
            joined.write(header.encode())
            for path in paths:
                with path.open("rb") as part:
                    shutil.copyfileobj(part, joined)

    target.parent.mkdir(parents=True, exist_ok=True)
    place_file(target.parent / f".{target.name}.tmp", target, fill)


def in_shards(piece: Piece, clips: Iterable[Clip]) -> Iterator[tuple[int, Iterator[Clip]]]:
    """The number of each tar file of `piece`, and the clips that belong in it, one by one."""
    rest = iter(clips)
    for number in piece.shards:
        first = next(rest, None)
        if first is None:
            return
        yield number, chain([first], islice(rest, CLIPS_A_SHARD - 1))
