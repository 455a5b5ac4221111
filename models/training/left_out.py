"""Clips that training leaves out, and why: a line each, and a summary."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_TOLD = 20  # lines a kind; a corpus may hold thousands that are too long


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A clip, or a line of metadata: where it stands, the kind of problem, and what was found."""

    location: str
    kind: str
    found: str = ""

    def __str__(self) -> str:
        return f"{self.location}: {self.kind}{': ' if self.found else ''}{self.found}"


def tell_left_out(
    left_out: Sequence[LeftOut], num_clips: int, report: Callable[[str], None], listing: Path
) -> None:
    """A line for each (the first of many of a kind; all go to the file `listing`), then how many
    of `num_clips` there are of each kind.
    """
    if not left_out:
        return
    kinds = Counter[str]()
    for one in left_out:
        kinds[one.kind] += 1
        if kinds[one.kind] <= _TOLD:
            report(f"left out: {one}")
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_text("".join(f"{one}\n" for one in left_out), encoding="utf-8")
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    report(f"left out {len(left_out)} of {num_clips} clips ({counts}); all are in {listing}")
