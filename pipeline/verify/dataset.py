"""Verification of a dataset on disk: every file, every clip, every redundant field.

Files are read as streams by several processes. What is held in memory of a row are the 64-bit
hashes of its id and of what must not cross splits.
"""

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError
from models.json_files import parse_json
from pipeline.dataset.build_record import record_digest, told_if_edited
from pipeline.dataset.columns import KEPT_AUDIO, present_schema
from pipeline.dataset.files import (
    BUILD_FILE,
    CARD_FILE,
    DATA,
    REJECTS_FILE,
    REJECTS_SCHEMA,
    data_files,
    file_digest,
    read_build,
    read_rows,
)
from pipeline.dataset.manifest import Problem, dataset_schema
from pipeline.dataset.record import DatasetRecord, SplitSize, typed
from pipeline.licences.summary import RowLicences, SummaryLine
from pipeline.storage.processes import exit_with_parent
from pipeline.storage.shards import UNREADABLE, first_line
from pipeline.verify.leaks import duplicate_ids, leak_problems
from pipeline.verify.rows import Expected, Found, Stretch, check_stretch, hash_of

_STRETCH_BYTES = 64_000_000
_ONE_PROCESS_BYTES = 128_000_000  # below, starting others takes longer than they save
_HOURS_TOLERANCE = 1e-5
_LATER_KEYS = ("pages", "licences", "leaks")  # older versions wrote none


def verify(dataset: Path, workers: int | None = None) -> list[Problem]:
    """Everything wrong with the dataset in the folder `dataset`; empty when it is whole.

    Decodes every clip. Checks all listed files and their digests, `build.json` by its own,
    columns and their types, the `huggingface` metadata, each row's redundant fields, unique ids,
    splits and what must not cross them, licences, and all counts. `workers` are processes (None:
    one a core, and one for a small dataset). Raises `DataError` when the folder is not a dataset
    that Voxloom made.
    """
    with told_if_edited(dataset):
        return _verify(dataset, workers)


def _verify(dataset: Path, workers: int | None) -> list[Problem]:
    build = read_build(dataset)
    record = typed(build, dataset / BUILD_FILE)
    files = data_files(dataset)
    stretches = [stretch for path in files for stretch in _stretches(path)]
    expected = [_expected(stretch.file, record) for stretch in stretches]
    with _pool(files, workers) as pool:
        listed = _listed(record)
        there = [name for name in listed if (dataset / name).is_file()]
        digests = pool.map(file_digest, [dataset / name for name in there])
        checked = pool.map(check_stretch, stretches, expected)
        problems = list(_file_problems(dataset, listed, dict(zip(there, digests, strict=True))))
        problems += _build_problems(build)
        problems += [problem for path in files for problem in _schema_problems(path)]
        found = _Sums.of(checked)
    problems += found.problems
    problems += duplicate_ids(files, found.ids)
    problems += leak_problems(record, files, found.values)
    problems += _count_problems(record, found)
    problems += _reject_problems(dataset, record, found)
    return problems


@dataclass(frozen=True)
class _Sums:
    """Totals over all stretches."""

    problems: list[Problem]
    rows: Counter[str]  # by split
    duration_s: Counter[str]
    ids: np.ndarray  # (rows,)
    values: dict[str, dict[str, np.ndarray]]  # hashes by kind and split
    sources: Counter[tuple[str, str]]
    licences: Counter[str]

    @classmethod
    def of(cls, every: Iterable[Found]) -> "_Sums":
        sums = cls([], Counter(), Counter(), np.zeros(0, np.uint64), {}, Counter(), Counter())
        ids = [sums.ids]
        for found in every:
            sums.problems.extend(found.problems)
            sums.rows[found.split] += found.rows
            sums.duration_s[found.split] += found.duration_s  # type: ignore[assignment]
            sums.sources.update(found.sources)
            sums.licences.update(found.licences)
            ids.append(found.ids)
            for kind, hashes in found.values.items():
                of_kind = sums.values.setdefault(kind, {})
                known = of_kind.get(found.split, hashes)
                of_kind[found.split] = np.union1d(known, hashes)
        return cls(**(vars(sums) | {"ids": np.concatenate(ids)}))


def _pool(files: Sequence[Path], workers: int | None) -> Executor:
    size = sum(path.stat().st_size for path in files)
    if workers is None:
        workers = (os.cpu_count() or 1) if size > _ONE_PROCESS_BYTES else 1
    if workers == 1:
        return ThreadPoolExecutor(1)
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=spawn, initializer=exit_with_parent)


def _stretches(path: Path) -> Iterator[Stretch]:
    """A data file in pieces of about `_STRETCH_BYTES`; one that cannot be read is one piece."""
    try:
        with pq.ParquetFile(path) as file:
            sizes = [
                file.metadata.row_group(index).total_byte_size
                for index in range(file.num_row_groups)
            ]
            rate = _declared(file.schema_arrow).get("sampling_rate")
    except UNREADABLE:
        yield Stretch(path, 0, 0)
        return
    first, size = 0, 0
    for index, group in enumerate(sizes, start=1):
        size += group
        if size >= _STRETCH_BYTES or index == len(sizes):
            yield Stretch(path, first, index, rate)
            first, size = index, 0


def _expected(file: str, record: DatasetRecord) -> Expected:
    """What is expected of the rows of a data file: each build has its own seed and config."""
    part, lines = record.part_of(file), record.licences.sources
    shares = None if part.output.get("disjoint") else part.output.get("split")
    summary: dict[tuple[str, str], list[SummaryLine]] = {}
    for line in lines:
        summary.setdefault((line.kind, line.name), []).append(line)
    stated = [line for line in lines if line.kind not in ("noise", "room")]
    return Expected(
        part.seed, shares, _row_licences(part.output.get("license", ""), stated), summary
    )


def _row_licences(own: str, stated: Sequence[SummaryLine]) -> list[RowLicences]:
    """What gives rows their licence; where a name has several, also with each of them alone."""
    names = Counter((line.kind, line.name) for line in stated)
    several = [line for line in stated if names[line.kind, line.name] > 1]
    alone = [
        [line, *(other for other in stated if (other.kind, other.name) != (line.kind, line.name))]
        for line in several
    ]
    return [RowLicences.of_sources(own, lines) for lines in [list(stated), *alone]]


def _listed(record: DatasetRecord) -> dict[str, str]:
    """Every file that `build.json` names, with its digest."""
    listed = {**record.files, **record.pages}
    return {name: entry.sha256 for name, entry in listed.items()}


def _file_problems(
    dataset: Path, listed: Mapping[str, str], digests: Mapping[str, str]
) -> Iterator[Problem]:
    for name, expected in listed.items():
        if name not in digests:
            yield Problem(name, "", f"missing; {BUILD_FILE} lists it")
        elif digests[name] != expected:
            yield Problem(name, "", f"sha256: expected {expected}, found {digests[name]}")
    for path in sorted((dataset / DATA).glob("*")):
        name = path.relative_to(dataset).as_posix()
        if name not in listed:
            yield Problem(name, "", f"not listed in {BUILD_FILE}")
    if CARD_FILE not in listed and not (dataset / CARD_FILE).is_file():
        yield Problem(CARD_FILE, "", "missing: load_dataset needs its YAML header")


def _build_problems(build: Mapping[str, Any]) -> Iterator[Problem]:
    stated, found = build.get("digest"), record_digest(build)
    if stated != found:
        told = f"expected {stated}, found {found}" if stated else "missing"
        yield Problem(
            BUILD_FILE, "", f"digest: {told}; it was edited, or an older version wrote it"
        )
    for name in _LATER_KEYS:
        if name not in build:
            yield Problem(BUILD_FILE, "", f"{name}: missing; an older version wrote it")


def _schema_problems(path: Path) -> Iterator[Problem]:
    name = f"{DATA}/{path.name}"
    try:
        found = present_schema(pq.read_schema(path))
    except UNREADABLE:
        return  # reading its rows tells
    kept = [column for column in KEPT_AUDIO if column in found.names]
    expected = dataset_schema(_declared(found).get("sampling_rate"), kept)
    if not found.remove_metadata().equals(expected.remove_metadata()):
        yield Problem(name, "", f"columns: {_difference(expected, found)}")
    elif _metadata(found) != _metadata(expected):
        yield Problem(name, "", "schema metadata: `huggingface` does not describe the columns")


def _declared(schema: pa.Schema) -> dict[str, Any]:
    """The feature `audio` of the schema's `huggingface` metadata."""
    features = _metadata(schema).get("info", {}).get("features", {})
    return dict(features.get("audio", {}))


def _metadata(schema: pa.Schema) -> dict[str, Any]:
    try:
        return dict(parse_json((schema.metadata or {}).get(b"huggingface", b"{}")))
    except (ValueError, TypeError):
        return {}


def _difference(expected: pa.Schema, found: pa.Schema) -> str:
    for name in (*expected.names, *found.names):
        if name not in found.names:
            return f"expected {name}, found none"
        if name not in expected.names:
            return f"{name} is not one of {', '.join(expected.names)}"
        if expected.field(name) != found.field(name):
            return f"expected {expected.field(name)}, found {found.field(name)}"
    return "they are in another order"


def _count_problems(record: DatasetRecord, found: _Sums) -> Iterator[Problem]:
    for split in {**record.splits, **found.rows}:
        stated = record.splits.get(split, SplitSize(0, 0.0))
        yield from _unequal(f"splits.{split}.rows", stated.rows, found.rows[split])
        hours = round(found.duration_s[split] / 3600, 6)
        if abs(hours - stated.hours) > _HOURS_TOLERANCE:
            yield from _unequal(f"splits.{split}.hours", stated.hours, hours)
    yield from _unequal("rows", record.rows, sum(split.rows for split in record.splits.values()))
    rows = record.licences.rows
    for licence in {**rows, **found.licences} if rows else ():
        counted = found.licences[licence]
        yield from _unequal(f"licences.rows.{licence}", rows.get(licence, 0), counted)
    for line in record.licences.sources:
        counted = found.sources[line.kind, line.name]
        yield from _unequal(f"licences: {line.kind} {line.name}: rows", line.rows, counted)


def _unequal(what: str, expected: object, found: object) -> Iterator[Problem]:
    if expected != found:
        yield Problem(BUILD_FILE, "", f"{what}: expected {expected}, found {found}")


def _reject_problems(dataset: Path, record: DatasetRecord, found: _Sums) -> Iterator[Problem]:
    path = dataset / REJECTS_FILE
    if not path.is_file():
        return  # listed in build.json, so already told
    ids, rows = np.sort(found.ids), 0
    try:
        schema = pq.read_schema(path)
        if not schema.equals(REJECTS_SCHEMA):
            yield Problem(REJECTS_FILE, "", f"columns: {_difference(REJECTS_SCHEMA, schema)}")
            return
        for row in read_rows(path, ["id"]):
            rows += 1
            if _holds(ids, hash_of(row["id"])):
                message = "was rejected, and yet it is a row of the dataset"
                yield Problem(REJECTS_FILE, row["id"], message)
    except UNREADABLE as error:
        yield Problem(REJECTS_FILE, "", f"cannot be read ({first_line(error)})")
        return
    except DataError as error:
        yield Problem(REJECTS_FILE, "", str(error))
        return
    yield from _unequal("rejects", record.rejects, rows)


def _holds(ids: np.ndarray, wanted: int) -> bool:
    found_at = int(np.searchsorted(ids, np.uint64(wanted)))
    return found_at < len(ids) and int(ids[found_at]) == wanted
