"""A dataset without the rows that were marked as bad: the others as they are, in their splits."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.build.seal import OutputConfig, write_pages, write_rejects
from pipeline.dataset.build_record import file_entry, write_build
from pipeline.dataset.files import (
    BUILD_FILE,
    DATA,
    REJECTS_FILE,
    SPLITS,
    data_file,
    data_files,
    read_build,
    read_rows,
)
from pipeline.dataset.history import kept_apart_in, licence_of, with_files
from pipeline.dataset.leaks import LeakFinder
from pipeline.dataset.light_rows import SOUND_COLUMNS, LightRows, split_of_file
from pipeline.dataset.marks import marked_reject, read_marks
from pipeline.licences.ledger import LedgerCount, LicensedSource
from pipeline.records import Reject
from pipeline.storage.atomic import naming_full_disk
from pipeline.storage.publish import publish, staging_folder
from pipeline.storage.shards import first_line, parquet_options


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
    build, marks = read_build(dataset), read_marks(marks_path)
    _check_target(to)
    with naming_full_disk(to), staging_folder(to.resolve()) as staging:
        moved: dict[str, str] = {}
        rejects = list(_keep_others(dataset, staging, marks, moved))
        _check_dropped(rejects, build["rows"], dataset, marks_path)
        rejects += [Reject(**row) for row in read_rows(dataset / REJECTS_FILE)]
        write_rejects(staging / REJECTS_FILE, rejects)
        write_build(staging, _record(build, staging, len(rejects), moved))
        write_pages(staging, licence_of(build) or OutputConfig.license)
        publish(staging, to.resolve())
    num_dropped = len(rejects) - build["rejects"]
    return Dropped(build["rows"], num_dropped, len(marks) - num_dropped)


def _check_target(to: Path) -> None:
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise DataError(f"{to}: is not empty; choose a new folder")


def _check_dropped(dropped: Collection[Reject], num_rows: int, dataset: Path, marks: Path) -> None:
    if not dropped:
        raise DataError(f"{marks}: marks no row of {dataset}")
    if len(dropped) == num_rows:
        raise DataError(f"{marks}: marks every row of {dataset}; none would be left")


def _keep_others(
    dataset: Path, staging: Path, marks: Mapping[str, str], moved: dict[str, str]
) -> Iterator[Reject]:
    """Write the data files without the marked rows, which come back as rejects; `moved` is filled
    with what became of each file that is left.
    """
    (staging / DATA).mkdir()
    written: list[tuple[str, Path]] = []
    for path in data_files(dataset):
        copy = staging / DATA / f"{path.name}.part"
        try:
            yield from _copy_others(path, copy, marks)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path}: cannot be copied ({first_line(error)})") from error
        if copy.exists():
            written.append((split_of_file(path), copy))
    counts, numbers = Counter(split for split, _ in written), Counter[str]()
    for split, copy in written:
        name = data_file(split, numbers[split], counts[split])
        moved[f"{DATA}/{copy.stem}"] = name
        copy.rename(staging / name)
        numbers[split] += 1


def _copy_others(path: Path, copy: Path, marks: Mapping[str, str]) -> Iterator[Reject]:
    """One file, row group by row group; no file where no row is left."""
    ids = pa.array(marks, pa.string())
    writer: pq.ParquetWriter | None = None
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        schema = file.schema_arrow
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            is_marked = pc.is_in(table["id"], ids)
            for row in table.filter(is_marked).to_pylist():
                yield marked_reject(row, marks[row["id"]])
            others = table.filter(pc.invert(is_marked))
            if others.num_rows:
                writer = writer or pq.ParquetWriter(copy, schema, **parquet_options(schema))
                writer.write_table(others)
    if writer is not None:
        writer.close()


def _record(
    build: Mapping[str, Any], staging: Path, num_rejects: int, moved: Mapping[str, str]
) -> dict[str, Any]:
    """The build's record for fewer rows. What was covered of the domain is left out, for that
    cannot be told without the domain.
    """
    files = data_files(staging)
    splits = dict(_splits(files))
    leaks = LeakFinder(kept_apart_in(build))
    ledger = LedgerCount(_sources(build))
    for path in files:
        light = [name for name in pq.read_schema(path).names if name not in SOUND_COLUMNS]
        for row in LightRows((path,), tuple(light)):
            leaks.add(row, split_of_file(path))
            ledger.add(row)
    listed = [*files, staging / REJECTS_FILE]
    rows = {f"{DATA}/{path.name}": len(LightRows((path,), ())) for path in files}
    grown = {"history": with_files(build["history"], moved, rows)} if "history" in build else {}
    return dict(build) | {
        **grown,
        "rows": sum(split["rows"] for split in splits.values()),
        "hours": round(sum(split["hours"] for split in splits.values()), 6),
        "rejects": num_rejects,
        "splits": splits,
        "leaks": [asdict(leak) for leak in leaks.leaks()],
        "licences": asdict(ledger.ledger()),
        "files": {path.relative_to(staging).as_posix(): file_entry(path) for path in listed},
        "pages": {},
        "coverage": {name: known for name, known in build["coverage"].items() if name != "figures"},
        "dropped_from": {"rows": build["rows"], "digest": build.get("digest", "")},
    }


def _sources(build: Mapping[str, Any]) -> list[LicensedSource]:
    """What the build's ledger names; fewer rows have nothing else."""
    return [
        LicensedSource(
            kind=line["kind"],
            name=line["name"],
            licence=line["licence"],
            attribution=line["attribution"],
            key="",
            file=BUILD_FILE,
            split=line["split"],
        )
        for line in build.get("licences", {}).get("sources", ())
    ]


def _splits(files: Collection[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows and hours by split."""
    for name in SPLITS:
        of_split = tuple(path for path in files if split_of_file(path) == name)
        if of_split:
            seconds = LightRows(of_split, ()).numbers("duration_s")
            hours = round(float(seconds.sum()) / 3600, 6)
            yield name, {"rows": len(seconds), "hours": hours}
