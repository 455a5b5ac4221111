"""Datasets joined into one: their data files side by side, under new names and byte for byte.

Only a file is written anew that holds rows which another dataset has, too, or columns under former
names.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.errors import DataError
from pipeline.build.publish_dataset import publish_dataset
from pipeline.dataset.build_record import BuildInfo, build_record
from pipeline.dataset.columns import present_schema
from pipeline.dataset.contents import Contents
from pipeline.dataset.files import (
    DATA,
    data_files,
    read_dataset_rejects,
    read_rows,
    read_schema,
)
from pipeline.dataset.light_rows import split_of_file
from pipeline.dataset.record import (
    BuildPart,
    DatasetRecord,
    common_licence,
    in_common,
    read_record,
    read_whole_record,
    with_files,
)
from pipeline.dataset.rejects import reject_order
from pipeline.dataset.writer import copy_data_file, name_data_files
from pipeline.licences.summary import LicensedSource
from pipeline.records import Reject
from pipeline.storage.versions import published


@dataclass(frozen=True)
class Joined:
    """What came of a join: the folder, its rows, and how many were there more than once."""

    dataset: Path
    rows: int
    repeated: int


@dataclass
class _Plan:
    """Which files go where. `new_names` maps (dataset, its file) to the file's new name; rows in
    `repeated` are in an earlier dataset already, by dataset.
    """

    new_names: dict[tuple[int, str], str] = field(default_factory=dict)
    repeated: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))


def join(datasets: Sequence[Path], target: Path, name: str, near: Path = Path()) -> Joined:
    """Publish the rows of all `datasets`, in their order, as the dataset `name` at `target`.

    `target` may be one of them, which is then replaced in one rename; `near` is a folder for what
    is sent to an object store. A row that two of them have
    with the same id and the same content is taken once. Raises `DataError` where columns or sample
    rates differ, where an id stands for two different rows, and where something crosses splits that
    a part keeps apart (`output.disjoint`); then nothing is changed.
    """
    records = [read_whole_record(dataset) for dataset in datasets]
    _check_alike(datasets)
    plan = _Plan(repeated=_repeated(datasets))

    def write_data(staging: Path) -> list[Reject]:
        _copy_files(datasets, records, plan, staging)
        return _rejects(datasets, staging)

    def record_of(staging: Path, contents: Contents, num_rejects: int) -> dict[str, Any]:
        history = [part.as_json() for part in _history(records, plan, contents.rows)]
        record = build_record(staging, _info(name, parts, records), contents, num_rejects)
        return record | {"history": history}

    parts = [part for record in records for part in record.parts]
    kept_apart = dict.fromkeys(kind for record in records for kind in record.kept_apart)
    licence = common_licence(parts)
    publish_dataset(target, write_data, record_of, kept_apart, _sources(records), licence, near)
    num_repeated = sum(len(ids) for ids in plan.repeated.values())
    return Joined(target, read_record(published(target)).rows, num_repeated)


def _check_alike(datasets: Sequence[Path]) -> None:
    """Raise `DataError` naming the column in which two datasets differ."""
    first, *others = datasets
    expected = schema_of(first)
    for dataset in others:
        found = schema_of(dataset)
        for name in dict.fromkeys([*expected.names, *found.names]):
            if name not in found.names or name not in expected.names:
                has, lacks = (first, dataset) if name in expected.names else (dataset, first)
                raise DataError(
                    f"{lacks}: has no column {name}, {has} has one; columns must be the same "
                    "(output.keep_clean, output.keep_noise, or the version that built them)"
                )
            if expected.field(name) != found.field(name):
                raise DataError(
                    f"{dataset}: column {name}: is {found.field(name).type}, in {first} "
                    f"{expected.field(name).type}; the same version must build both"
                )
        rates = [sample_rate_of(each) for each in (first, dataset)]
        if rates[0] != rates[1]:
            raise DataError(
                f"{dataset}: {rates[1]} Hz, {first}: {rates[0]} Hz; a dataset has one sample rate "
                "(output.sample_rate)"
            )
        if expected.metadata != found.metadata:
            raise DataError(f"{dataset}: describes its columns unlike {first}; build it again")


def schema_of(dataset: Path) -> pa.Schema:
    """The columns of the dataset's data files, under the names that they have now."""
    files = data_files(dataset)
    if not files:
        raise DataError(f"{dataset}: has no data files")
    return present_schema(read_schema(files[0]))


def sample_rate_of(dataset: Path) -> int:
    """That of its clips, in Hz."""
    return int(next(read_rows(data_files(dataset)[0], ["sample_rate"]))["sample_rate"])


def _repeated(datasets: Sequence[Path]) -> dict[int, set[str]]:
    """The ids of the rows of each dataset that an earlier one has, too, with the same content."""
    owner: dict[str, int] = {}
    shared: dict[int, set[str]] = defaultdict(set)
    for index, dataset in enumerate(datasets):
        for path in data_files(dataset):
            for row in read_rows(path, ["id"]):
                if owner.setdefault(row["id"], index) != index:
                    shared[index].add(row["id"])
    for index, ids in shared.items():
        here = _contents(datasets[index], ids)
        for first in {owner[id] for id in ids}:
            there = _contents(datasets[first], ids)
            differing = sorted(id for id in there if there[id] != here[id])
            if differing:
                raise DataError(
                    f"{datasets[index]}: row {differing[0]}: {datasets[first]} has another row of "
                    f"this id ({len(differing)} such rows); they are builds of one seed with other "
                    "settings: build one of them with another seed"
                )
    return shared


def _contents(dataset: Path, ids: Collection[str]) -> dict[str, bytes]:
    """A digest over all columns of the rows with `ids` that `dataset` has."""
    found = {}
    for path in data_files(dataset):
        if any(row["id"] in ids for row in read_rows(path, ["id"])):
            for row in read_rows(path):
                if row["id"] in ids:
                    found[row["id"]] = hashlib.blake2b(repr(sorted(row.items())).encode()).digest()
    return found


def _copy_files(
    datasets: Sequence[Path], records: Sequence[DatasetRecord], plan: _Plan, staging: Path
) -> None:
    """Put every data file under a name of its own, then under its final one."""
    placed: list[tuple[str, Path]] = []
    origins: list[tuple[int, str]] = []
    for index, dataset in enumerate(datasets):
        for path in data_files(dataset):
            part = staging / DATA / f"{index}-{path.name}.part"
            file = f"{DATA}/{path.name}"
            sha256 = records[index].files[file].sha256
            if copy_data_file(path, part, plan.repeated.get(index, set()), sha256):
                placed.append((split_of_file(path), part))
                origins.append((index, file))
    plan.new_names = dict(zip(origins, name_data_files(staging, placed), strict=True))


def _rejects(datasets: Sequence[Path], staging: Path) -> list[Reject]:
    """Those of all datasets, each once, without those that another one has as a row."""
    ids = {row["id"] for path in data_files(staging) for row in read_rows(path, ["id"])}
    found = {
        (reject.id, reject.stage): reject
        for dataset in reversed(datasets)
        for reject in read_dataset_rejects(dataset, with_audio=True)
        if reject.id not in ids
    }
    return sorted(found.values(), key=reject_order)


def _history(
    records: Sequence[DatasetRecord], plan: _Plan, rows: Mapping[str, int]
) -> Iterator[BuildPart]:
    for index, record in enumerate(records):
        moved = {file: name for (owner, file), name in plan.new_names.items() if owner == index}
        yield from with_files(record.parts, moved, rows)


def _info(name: str, parts: Sequence[BuildPart], records: Sequence[DatasetRecord]) -> BuildInfo:
    """What the parts have in common, and all that their domains can say."""
    described = [record.coverage for record in records]
    values: dict[str, list[str]] = defaultdict(list)
    for coverage in described:
        for slot, listed in coverage.get("slot_values", {}).items():
            values[slot] = list(dict.fromkeys([*values[slot], *listed]))
    return BuildInfo(
        name=name,
        seed=parts[0].seed,
        config=in_common([part.config for part in parts]),
        digests=in_common([part.digests for part in parts]),
        versions=in_common([part.versions for part in parts]),
        coverage={
            "templates": _together(described, "templates"),
            "slot_values": dict(values),
            "open_slots": _together(described, "open_slots"),
        },
    )


def _together(mappings: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return list(dict.fromkeys(item for mapping in mappings for item in mapping.get(name, ())))


def _sources(records: Sequence[DatasetRecord]) -> list[LicensedSource]:
    """All that may be in rows; a recording that two parts keep to different splits is kept to
    none any more."""
    splits: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    authors: dict[tuple[str, str, str], str] = {}
    for record in records:
        for line in record.licences.sources:
            source = line.kind, line.name, line.licence
            splits[source].add(line.split)
            authors[source] = authors.get(source) or line.attribution
    return [
        LicensedSource(
            *source,
            attribution=authors[source],
            key="",
            file="",
            split=next(iter(found)) if len(found) == 1 else "",
        )
        for source, found in splits.items()
    ]
