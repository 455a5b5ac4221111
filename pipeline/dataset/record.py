"""`build.json`, read and typed: what made a dataset, and what lies in its files.

A dataset that was extended or merged has a `history`: a part for each build, with the config, seed,
digests and versions of that build and the data files that hold its rows. What the record says at
its own top is then what all parts have in common.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from models.config import as_mapping, build
from models.errors import ConfigError, DataError
from pipeline.dataset.files import BUILD_FILE, FORMAT, data_files, read_build
from pipeline.dataset.leaks import Leak
from pipeline.licences.summary import LicenceSummary

_OTHER_LICENCES = "other"


@dataclass(frozen=True, slots=True)
class SplitSize:
    """What a split holds."""

    rows: int
    hours: float


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the dataset."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Partial:
    """A build that was sealed before it was done: how many of its shards are in the dataset."""

    shards: int
    of: int


@dataclass(frozen=True, slots=True)
class DroppedFrom:
    """The dataset from which rows were dropped."""

    rows: int
    digest: str


@dataclass(frozen=True)
class BuildPart:
    """A build whose rows are in the dataset: how it was made, and the data files of its rows.
    `partial` says how much of it is there, where it was sealed before it was done.
    """

    name: str
    seed: int
    config: Mapping[str, Any]
    digests: Mapping[str, str] = field(default_factory=dict)
    revision: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    files: tuple[str, ...] = ()
    partial: Partial | None = None

    @property
    def output(self) -> Mapping[str, Any]:
        """The section `output` of its config."""
        found = self.config.get("output") or {}
        if not isinstance(found, Mapping):
            raise DataError(f"{BUILD_FILE}: config.output: expected a section with keys")
        return found

    def as_json(self) -> dict[str, Any]:
        """What `build.json` says of it; `partial` only where it is."""
        said: dict[str, Any] = as_mapping(self)
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class DatasetRecord:
    """The record of a dataset. What older versions did not write is empty.

    `coverage` is the domain's description: `templates` (ids), `slot_values` (lexicons by slot),
    `open_slots`; and `figures`, what was covered.
    """

    name: str
    seed: int
    rows: int
    hours: float
    rejects: int
    splits: Mapping[str, SplitSize]
    config: Mapping[str, Any]
    files: Mapping[str, FileEntry]
    digests: Mapping[str, str] = field(default_factory=dict)
    coverage: Mapping[str, Any] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()
    licences: LicenceSummary = field(default_factory=lambda: LicenceSummary({}, ()))
    revision: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, FileEntry] = field(default_factory=dict)
    history: tuple[BuildPart, ...] = ()
    dropped_from: DroppedFrom | None = None
    partial: Partial | None = None
    digest: str = ""
    format: str = FORMAT

    @property
    def data_files(self) -> tuple[str, ...]:
        """The paths of its data files within the dataset."""
        return tuple(name for name in self.files if PurePosixPath(name).parent.name)

    @property
    def parts(self) -> tuple[BuildPart, ...]:
        """The builds that the dataset is made of, the oldest first; at least one."""
        if self.history:
            return self.history
        own = (self.name, self.seed, self.config, self.digests, self.revision, self.versions)
        return (BuildPart(*own, self.rows, self.data_files, self.partial),)

    def part_of(self, file: str) -> BuildPart:
        """The build whose rows the data file `file` holds."""
        return next((part for part in self.parts if file in part.files), self.parts[0])

    @property
    def kept_apart(self) -> list[str]:
        """What no two splits may share, of all parts (`output.disjoint`)."""
        found = [kind for part in self.parts for kind in part.output.get("disjoint") or ()]
        return list(dict.fromkeys(found))

    @property
    def licence(self) -> str:
        """The licence that all parts give their dataset."""
        return common_licence(self.parts)


def read_record(dataset: Path) -> DatasetRecord:
    """The record of the dataset in the folder `dataset`.

    Raises `DataError` when it is not a dataset that Voxloom made, or naming the key of the record
    that is missing or wrong.
    """
    return typed(read_build(dataset), dataset / BUILD_FILE)


def read_whole_record(dataset: Path) -> DatasetRecord:
    """As `read_record`, of a dataset whose every row is wanted. Raises `DataError` also for a data
    file that is missing, and for one that the record does not list.
    """
    record = read_record(dataset)
    listed = set(record.data_files)
    there = {path.relative_to(dataset).as_posix() for path in data_files(dataset)}
    for name in sorted(listed - there):
        raise DataError(f"{dataset / name}: missing; {BUILD_FILE} lists it")
    for name in sorted(there - listed):
        raise DataError(f"{dataset / name}: not listed in {BUILD_FILE}")
    return record


def typed(record: Mapping[str, Any], path: Path) -> DatasetRecord:
    """What `read_build` read from `path`. Raises `DataError` as `read_record` does."""
    try:
        return build(DatasetRecord, record, str(path))
    except ConfigError as error:
        raise DataError(str(error)) from None


def common_licence(parts: Sequence[BuildPart]) -> str:
    """That which all `parts` give their rows; `other` where they differ: rows say theirs."""
    found = {str(part.output.get("license", "")) for part in parts}
    return found.pop() if len(found) == 1 else _OTHER_LICENCES


def with_files(
    parts: Sequence[BuildPart], moved: Mapping[str, str], rows: Mapping[str, int]
) -> tuple[BuildPart, ...]:
    """`parts` after their data files became other ones: `moved` says which (those that are gone
    are missing there), and `rows` how many rows each new one has.
    """
    found = []
    for part in parts:
        files = tuple(moved[file] for file in part.files if file in moved)
        found.append(replace(part, rows=sum(rows[file] for file in files), files=files))
    return tuple(found)


def in_common(mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The keys that all of `mappings` have with one and the same value."""
    first, *others = mappings
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }
