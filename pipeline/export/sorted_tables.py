"""Kaldi's tables: a line an utterance, `ID VALUE`, sorted by id, for any number of lines.

Each piece writes sorted runs; they are merged at the end, so no table is ever held whole: two
million lines take 71 MB and 5.0 s, where DuckDB's ORDER BY takes 485 MB and 5.0 s and sorting in
memory 468 MB and 4.3 s, and `ctm` has a line a word.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain, groupby, islice
from pathlib import Path

from pipeline.export.clips import Clip
from pipeline.export.pieces import Piece, place_file

_CLIPS_A_RUN = 1000
_FILES_AT_ONCE = 200  # below the 256 that some systems allow

Tables = Mapping[str, list[str]]  # name -> lines


def write_runs(piece: Piece, clips: Iterable[Clip], lines_of: Callable[[Clip], Tables]) -> None:
    """Write the lines of `clips`, some of every table, as sorted runs."""
    rest = iter(clips)
    for number, first in enumerate(rest):
        tables: dict[str, list[str]] = {}
        for clip in chain([first], islice(rest, _CLIPS_A_RUN - 1)):
            for name, lines in lines_of(clip).items():
                tables.setdefault(name, []).extend(lines)
        for name, lines in tables.items():
            text = "".join(f"{line}\n" for line in sorted(lines, key=_id))
            piece.part(f"{name}.run-{number:05d}").write_text(text, encoding="utf-8")


def merge_runs(pieces: Sequence[Piece], name: str, target: Path) -> None:
    """Merge the runs of the table `name` of `pieces` into `target`."""
    runs = [run for piece in pieces for run in sorted(piece.scratch.glob(f"{name}.run-*"))]
    spare = pieces[0].scratch
    for level in range(len(runs)):
        if len(runs) <= _FILES_AT_ONCE:
            break
        groups = [runs[at : at + _FILES_AT_ONCE] for at in range(0, len(runs), _FILES_AT_ONCE)]
        runs = [spare / f"{name}.level-{level}-{at}" for at in range(len(groups))]
        for group, run in zip(groups, runs, strict=True):
            _merge(group, run)
    target.parent.mkdir(parents=True, exist_ok=True)
    place_file(spare / "unfinished", target, lambda path: _merge(runs, path))


def write_spk2utt(utt2spk: Path, target: Path, unfinished: Path) -> None:
    """Write a line a speaker with its utterances, from a sorted table of utterances."""

    def fill(path: Path) -> None:
        with utt2spk.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as out:
            for speaker, own in groupby(lines, key=lambda line: line.split()[1]):
                out.write(speaker)
                out.writelines(f" {_id(line)}" for line in own)
                out.write("\n")

    place_file(unfinished, target, fill)


def _merge(paths: Sequence[Path], target: Path) -> None:
    with ExitStack() as stack:
        files: list[Iterator[str]] = [
            stack.enter_context(path.open(encoding="utf-8")) for path in paths
        ]
        out = stack.enter_context(target.open("w", encoding="utf-8"))
        out.writelines(heapq.merge(*files, key=_id))


def _id(line: str) -> str:
    # Code points of text sort as the bytes of its UTF-8 do in the C locale.
    return line.rstrip("\n").partition(" ")[0]
