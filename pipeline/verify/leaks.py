"""Checks of unique ids and of values that splits must not share, by hashes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import DataError
from pipeline.dataset.files import BUILD_FILE, DATA, read_rows
from pipeline.dataset.leaks import values_of
from pipeline.dataset.manifest import Problem
from pipeline.dataset.record import DatasetRecord
from pipeline.records import NEGATIVES
from pipeline.verify.rows import hash_of

_LEAK_COLUMNS = ("id", "transcript", "source", "template", "speaker", "noise", "room", "slots")
_MOST_VALUES = 100  # of a kind that crosses; the next are only counted


def duplicate_ids(files: Iterable[Path], ids: np.ndarray) -> Iterator[Problem]:
    """A problem for each row whose id an earlier one has; `ids` are hashes (rows,)."""
    every = np.sort(ids)
    twice = set(every[1:][every[1:] == every[:-1]].tolist())
    if not twice:
        return
    seen: set[str] = set()
    for path, row in _rows(files, ["id"]):
        row_id = str(row["id"])
        if hash_of(row_id) in twice:
            if row_id in seen:
                yield Problem(_name(path), row_id, "this id occurs more than once")
            seen.add(row_id)


def leak_problems(
    record: DatasetRecord,
    files: Sequence[Path],
    values: Mapping[str, Mapping[str, np.ndarray]],
) -> Iterator[Problem]:
    """Where the rows do not bear out the leak report of `build.json`, and every row that has what
    another split alone may have. `values` are hashes by kind and split.
    """
    reported = {leak.kind: leak for leak in record.leaks}
    crossing = {kind: _crossing(list(of.values())) for kind, of in values.items()}
    for kind in dict.fromkeys([*reported, *values]) if reported else ():
        counts = len(np.unique(np.concatenate([*values.get(kind, {"": _NONE}).values()])))
        found = {"values": counts, "crossing": len(crossing.get(kind, _NONE))}
        leak = reported.get(kind)
        expected = {what: getattr(leak, what) if leak else 0 for what in found}
        if expected != found and kind == "template" and expected == _templates_of_before(files):
            continue
        for what in found:
            if expected[what] != found[what]:
                message = f"leaks: {kind}: {what}: expected {expected[what]}, found {found[what]}"
                yield Problem(BUILD_FILE, "", message)
    wanted = {kind: crossing[kind] for kind in record.kept_apart if len(crossing.get(kind, _NONE))}
    if wanted:
        yield from _crossing_rows(files, wanted)


_NONE = np.zeros(0, np.uint64)


def _templates_of_before(files: Iterable[Path]) -> dict[str, int]:
    """As versions until November 2026 counted templates: with the kinds of negatives. Empty where
    there are no negatives.
    """
    splits: dict[str, set[str]] = defaultdict(set)
    has_negatives = False
    for path, row in _rows(files, ["source", "template"]):
        has_negatives |= row["source"] == NEGATIVES
        if row["template"]:
            splits[row["template"]].add(_split(path))
    counts = {"values": len(splits), "crossing": sum(len(of) > 1 for of in splits.values())}
    return counts if has_negatives else {}


def _crossing(of_splits: Sequence[np.ndarray]) -> np.ndarray:
    """Hashes that are in more than one of these, each without repetition."""
    every, counts = np.unique(np.concatenate([_NONE, *of_splits]), return_counts=True)
    return every[counts > 1]


def _crossing_rows(files: Iterable[Path], wanted: Mapping[str, np.ndarray]) -> Iterator[Problem]:
    """The rows that have such a value outside of the split where it is most often."""
    hashes = {kind: set(found.tolist()[:_MOST_VALUES]) for kind, found in wanted.items()}
    where: dict[tuple[str, str], list[tuple[Path, str]]] = defaultdict(list)
    for path, row in _rows(files, list(_LEAK_COLUMNS)):
        for kind, value in values_of(row):
            if kind in hashes and hash_of(value) in hashes[kind]:
                where[kind, value].append((path, row["id"]))
    for (kind, value), locations in sorted(where.items()):
        home = Counter(_split(path) for path, _ in locations).most_common(1)[0][0]
        for path, row_id in locations:
            if _split(path) != home:
                message = f"{kind}: {value} belongs to {home}, found in {_split(path)}"
                yield Problem(_name(path), row_id, f"{message} (output.disjoint)")


def _rows(files: Iterable[Path], columns: list[str]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in files:
        try:
            for row in read_rows(path, columns):
                yield path, row
        except DataError:
            continue  # what cannot be read is told elsewhere


def _split(path: Path) -> str:
    return path.name.partition("-")[0]


def _name(path: Path) -> str:
    return f"{DATA}/{path.name}"
