"""The rows of a stretch of a data file against what `build.json` says of them.

A stretch is a few row groups: workers take one each, and what they give back is small.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice, product
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.augment.own_speech import own_rows
from pipeline.dataset.columns import present_rows
from pipeline.dataset.files import BUILD_FILE, DATA
from pipeline.dataset.leaks import values_of
from pipeline.dataset.manifest import Problem, Row, row_problems
from pipeline.licences.summary import RowLicences, SummaryLine, sounds_in, sources_in
from pipeline.records import NOBODY, SIMULATED
from pipeline.splits import split_of
from pipeline.storage.shards import UNREADABLE, first_line

_ROWS_AT_ONCE = 64
_MOST_PROBLEMS = 1000  # of one stretch; the next are only counted
_UNLICENSED_VOICES = ("griffin-lim", NOBODY)  # no weights, no licence


@dataclass(frozen=True)
class Expected:
    """What `build.json` says of every row; plain data, sent to every worker.

    `shares` of the splits where those are drawn by id, else None. `summary` by (kind, name), empty
    where the build has none; a dataset that was merged may have a name twice, with two licences,
    and then a row's may be any of `licences`.
    """

    seed: int
    shares: Mapping[str, float] | None
    licences: Sequence[RowLicences]
    summary: Mapping[tuple[str, str], Sequence[SummaryLine]]


@dataclass(frozen=True)
class Stretch:
    """Row groups [first, end) of the data file `path`; `rate` in Hz is what its schema declares."""

    path: Path
    first: int
    end: int
    rate: int | None = None

    @property
    def file(self) -> str:
        """Its name in the dataset."""
        return f"{DATA}/{self.path.name}"

    @property
    def split(self) -> str:
        return self.path.name.partition("-")[0]


@dataclass
class Found:
    """What a stretch holds: `ids` and the `values` that may leak are 64-bit hashes."""

    split: str
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    duration_s: float = 0.0
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))
    values: dict[str, np.ndarray] = field(default_factory=dict)
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)


def check_stretch(stretch: Stretch, expected: Expected) -> Found:
    """Decode every clip of a stretch and hold each row to itself and to `expected`."""
    found = Found(stretch.split)
    ids: list[int] = []
    values: dict[str, set[int]] = defaultdict(set)
    problems = _problems(stretch, expected, found, ids, values)
    found.problems = list(islice(problems, _MOST_PROBLEMS))
    if more := sum(1 for _ in problems):
        found.problems.append(Problem(stretch.file, "", f"and {more} more problems"))
    found.ids = np.array(ids, np.uint64)
    found.values = {kind: np.array(sorted(known), np.uint64) for kind, known in values.items()}
    return found


def hash_of(text: str) -> int:
    """64 bits that stand for a text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _problems(
    stretch: Stretch,
    expected: Expected,
    found: Found,
    ids: list[int],
    values: dict[str, set[int]],
) -> Iterator[Problem]:
    for row in _rows(stretch):
        if isinstance(row, Problem):
            yield row
            continue
        messages: list[str] = []
        try:
            messages += row_problems(row)
            _count(row, expected, found)
            messages += _against_build(row, stretch, expected)
            for kind, value in values_of(row):
                values[kind].add(hash_of(value))
        except (AttributeError, KeyError, TypeError) as error:
            messages = messages or [f"cannot be checked ({type(error).__name__}: {error})"]
        ids.append(hash_of(str(row.get("id"))))
        for message in messages:
            yield Problem(stretch.file, str(row.get("id")), message)


def _count(row: Row, expected: Expected, found: Found) -> None:
    found.rows += 1
    found.duration_s += row["duration_s"] or 0.0
    found.sources.update(sources_in(row, expected.summary))
    found.licences[row["license"]] += 1


def _rows(stretch: Stretch) -> Iterator[Row | Problem]:
    """The rows, and a problem in the place of each row group that cannot be read."""
    try:
        file = pq.ParquetFile(stretch.path, page_checksum_verification=True)
    except UNREADABLE as error:
        yield Problem(stretch.file, "", f"cannot be read ({first_line(error)})")
        return
    with file:
        for group in range(stretch.first, stretch.end):
            try:
                for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=[group]):
                    yield from present_rows(batch).to_pylist()
            except UNREADABLE as error:
                yield _unreadable(file, group, stretch.file, first_line(error))


def _unreadable(file: pq.ParquetFile, group: int, name: str, reason: str) -> Problem:
    """Which rows and columns of a row group are damaged, as far as can be read."""
    damaged = [column for column in file.schema_arrow.names if not _reads(file, group, column)]
    which = f"row group {group}"
    if "id" not in damaged:
        ids = file.read_row_group(group, ["id"]).column("id").to_pylist()
        which = f"rows {ids[0]} to {ids[-1]}" if ids else which
    return Problem(name, "", f"{which}: {', '.join(damaged)}: cannot be read ({reason})")


def _reads(file: pq.ParquetFile, group: int, column: str) -> bool:
    try:
        file.read_row_group(group, [column])
    except UNREADABLE:
        return False
    return True


def _against_build(row: Row, stretch: Stretch, expected: Expected) -> Iterator[str]:
    if row["seed"] != expected.seed:
        yield f"seed: expected {expected.seed} from {BUILD_FILE}, found {row['seed']}"
    if stretch.rate is not None and row["sample_rate"] != stretch.rate:
        yield (
            f"sample_rate: expected {stretch.rate} from the file's schema, "
            f"found {row['sample_rate']}"
        )
    if expected.shares:
        split = split_of(row["id"], expected.seed, expected.shares)
        if split != stretch.split:
            yield f"split: expected {split} by its id, found {stretch.split}"
    if expected.summary:
        yield from _licence_problems(row, stretch.split, expected)


def _licence_problems(row: Row, split: str, expected: Expected) -> Iterator[str]:
    for kind in ("noise", "room"):
        yield from _sound_problems(kind, row, split, expected)
    for column, kind in (("acoustic_model", "voice"), ("vocoder", "vocoder")):
        name = row[column]
        if (kind, name) not in expected.summary and name not in _UNLICENSED_VOICES:
            yield f"{column}: {name} is not among the licences of {BUILD_FILE}"
    try:
        allowed = [licences.of(row) for licences in expected.licences]
    except DataError as error:
        yield f"source: {error}"
        return
    if row["license"] not in allowed:
        yield f"license: expected {allowed[0]} from what is in the row, found {row['license']}"


def _sound_problems(kind: str, row: Row, split: str, expected: Expected) -> Iterator[str]:
    choices: list[list[str]] = []
    for key in sounds_in(row, expected.summary):
        name = key[1]
        if key[0] != kind or name == SIMULATED:
            continue
        lines = expected.summary.get(key, ())
        if not lines and not own_rows([name]):
            yield f"{kind}.source: {name} is not among the licences of {BUILD_FILE}"
        choices.append([line.licence for line in lines] or [expected.licences[0].own])
        if lines and all(line.split not in ("", split) for line in lines):
            yield f"{kind}.source: {name} is kept to {lines[0].split}, found in {split}"
    allowed = ["+".join(dict.fromkeys(names)) for names in product(*choices)]
    found = row[kind]["license"]
    if found not in allowed:
        yield f"{kind}.license: expected {allowed[0]!r} from {BUILD_FILE}, found {found!r}"
