"""A copy of a dataset without its marked rows; the others keep their splits."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import DataError
from pipeline.build.publish_dataset import check_new, publish_dataset
from pipeline.dataset.contents import Contents, contents_record
from pipeline.dataset.files import (
    BUILD_FILE,
    DATA,
    data_files,
    read_build,
    read_dataset_rejects,
    read_rows,
)
from pipeline.dataset.light_rows import split_of_file
from pipeline.dataset.marks import marked_reject, read_marks
from pipeline.dataset.output import OutputConfig
from pipeline.dataset.record import DatasetRecord, read_whole_record, with_files
from pipeline.dataset.rejects import reject_order
from pipeline.dataset.writer import copy_data_file, name_data_files
from pipeline.licences.summary import LicensedSource
from pipeline.records import Reject


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many of `num_rows` rows were dropped, and how many marks are of no row."""

    num_rows: int
    num_dropped: int
    num_unknown: int


def drop_marked(dataset: Path, marks_path: Path, to: Path) -> Dropped:
    """Write the dataset in the folder `dataset` without its marked rows to the folder `to`.

    `to` appears whole or not at all. Raises `DataError` when it is not new or empty, when the
    dataset or the marks are damaged, when no row is marked or none is left, and on a full disk.
    """
    record, marks = read_whole_record(dataset), read_marks(marks_path)
    check_new(to)
    marked = list(_marked_rows(dataset, marks))
    _check_dropped(marked, record.rows, dataset, marks_path)
    moved: dict[str, str] = {}

    def write_data(staging: Path) -> list[Reject]:
        moved.update(_copy_others(dataset, record, staging, marks))
        rejects = marked + read_dataset_rejects(dataset, with_audio=True)
        return sorted(rejects, key=reject_order)

    def record_of(staging: Path, contents: Contents, num_rejects: int) -> dict[str, Any]:
        counted = contents_record(staging, contents, num_rejects)
        return read_build(dataset) | counted | _changed(record, contents, moved)

    licence = record.licence or OutputConfig.license
    publish_dataset(to, write_data, record_of, record.kept_apart, _sources(record), licence)
    return Dropped(record.rows, len(marked), len(marks) - len(marked))


def _check_dropped(dropped: Collection[Reject], num_rows: int, dataset: Path, marks: Path) -> None:
    if not dropped:
        raise DataError(f"{marks}: marks no row of {dataset}")
    if len(dropped) == num_rows:
        raise DataError(f"{marks}: marks every row of {dataset}; none would be left")


def _marked_rows(dataset: Path, marks: Mapping[str, str]) -> Iterator[Reject]:
    """The marked rows as rejects, read with their audio where their file holds any."""
    for path in data_files(dataset):
        if any(row["id"] in marks for row in read_rows(path, ["id"])):
            for row in read_rows(path):
                if row["id"] in marks:
                    yield marked_reject(row, marks[row["id"]])


def _copy_others(
    dataset: Path, record: DatasetRecord, staging: Path, marks: Mapping[str, str]
) -> dict[str, str]:
    """Write the data files without the marked rows; returns which one became which."""
    copies: dict[str, tuple[str, Path]] = {}
    for path in data_files(dataset):
        file, copy = f"{DATA}/{path.name}", staging / DATA / f"{path.name}.part"
        if copy_data_file(path, copy, marks, record.files[file].sha256):
            copies[file] = (split_of_file(path), copy)
    names = name_data_files(staging, list(copies.values()))
    return dict(zip(copies, names, strict=True))


def _changed(record: DatasetRecord, contents: Contents, moved: Mapping[str, str]) -> dict[str, Any]:
    """What else is new in the record for fewer rows. What was covered of the domain is left out,
    for that cannot be told without the domain.
    """
    history = [part.as_json() for part in with_files(record.history, moved, contents.rows)]
    return {
        **({"history": history} if history else {}),
        "pages": {},
        "coverage": {name: known for name, known in record.coverage.items() if name != "figures"},
        "dropped_from": {"rows": record.rows, "digest": record.digest},
    }


def _sources(record: DatasetRecord) -> list[LicensedSource]:
    """The sources in the record's licence summary: fewer rows name no others."""
    return [
        LicensedSource(
            kind=line.kind,
            name=line.name,
            licence=line.licence,
            attribution=line.attribution,
            key="",
            file=BUILD_FILE,
            split=line.split,
        )
        for line in record.licences.sources
    ]
