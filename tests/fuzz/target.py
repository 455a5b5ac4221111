"""What a fuzz target is, and what it must hold: any bytes are taken, or refused in one line."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import VoxloomError
from pipeline.sentences.language_model.chat.completion import UnusableReply

SECONDS = 20.0  # of CPU that any input may take
Parse = Callable[[bytes, Path], object]


@dataclass(frozen=True)
class Target:
    """`parse` takes the bytes and a folder of its own; `prepare` fills that folder once, and gives
    the seeds."""

    name: str
    parse: Parse
    prepare: Callable[[Path], Sequence[bytes]]


def check(target: Target, data: bytes, folder: Path) -> None:
    """Raise `AssertionError`, or whatever the parser wrongly raises."""
    start = cpu_seconds()
    told = _told(target, data, folder)
    assert told is None or "\n" not in told, f"an error of several lines: {told}"
    assert told is None or 0 < len(told) < 4000, f"an error of {len(told)} characters"
    seconds = cpu_seconds() - start
    assert seconds < SECONDS, f"took {seconds:.0f} s"


def cpu_seconds() -> float:
    """Of this process and its children: other work on the machine makes no finding."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _told(target: Target, data: bytes, folder: Path) -> str | None:
    try:
        target.parse(data, folder)
    except (VoxloomError, UnusableReply) as error:
        return str(error)
    return None


def reads(name: str, read: Callable[[Path], object], seeds: Sequence[bytes], label: str) -> Target:
    def parse(data: bytes, folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        read(path)

    return Target(label, parse, lambda _: seeds)
