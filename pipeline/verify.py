"""Is a dataset on disk what its build made? Every file, every clip, every redundant field."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError
from pipeline.dataset import (
    BUILD_FILE,
    CARD_FILE,
    REJECTS_FILE,
    REJECTS_SCHEMA,
    data_files,
    file_digest,
    read_build,
    read_rows,
)
from pipeline.kept_audio import KEPT_AUDIO
from pipeline.manifest import Problem, check_rows, dataset_schema
from pipeline.shards import first_line


def verify(dataset: Path) -> list[Problem]:
    """Everything wrong with the dataset in the folder `dataset`; empty when it is whole.

    Decodes every clip. Checks the listed files and their digests, columns and their types,
    the `huggingface` metadata, each row's redundant fields, unique ids, and the counts of
    `build.json`. Raises `DataError` when the folder is not a dataset that Voxloom made.
    """
    build = read_build(dataset)
    problems = list(_file_problems(dataset, build))
    seen: set[str] = set()
    found_rows: dict[str, int] = {}
    for path in data_files(dataset):
        problems += _schema_problems(path, dataset)
        split = path.name.partition("-")[0]
        before = len(seen)
        problems += _row_problems(path, dataset, build, seen)
        found_rows[split] = found_rows.get(split, 0) + len(seen) - before
    problems += _count_problems(build, found_rows)
    problems += _reject_problems(dataset, build, seen)
    return problems


def _file_problems(dataset: Path, build: dict[str, Any]) -> Iterator[Problem]:
    listed = build["files"]
    for name, expected in listed.items():
        path = dataset / name
        if not path.is_file():
            yield Problem(name, "", f"missing; {BUILD_FILE} lists it")
        elif (digest := file_digest(path)) != expected["sha256"]:
            yield Problem(name, "", f"sha256: expected {expected['sha256']}, found {digest}")
    for path in data_files(dataset):
        name = path.relative_to(dataset).as_posix()
        if name not in listed:
            yield Problem(name, "", f"not listed in {BUILD_FILE}")
    if not (dataset / CARD_FILE).is_file():
        yield Problem(CARD_FILE, "", "missing: load_dataset needs its YAML header")


def _schema_problems(path: Path, dataset: Path) -> Iterator[Problem]:
    name = path.relative_to(dataset).as_posix()
    try:
        found = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        return  # reading its rows tells
    metadata = json.loads((found.metadata or {}).get(b"huggingface", b"{}"))
    audio = metadata.get("info", {}).get("features", {}).get("audio", {})
    kept = [name for name in KEPT_AUDIO if name in found.names]
    expected = dataset_schema(audio.get("sampling_rate"), kept)
    if not found.remove_metadata().equals(expected.remove_metadata()):
        yield Problem(name, "", f"columns: {_difference(expected, found)}")
    elif metadata != json.loads(expected.metadata[b"huggingface"]):
        yield Problem(name, "", "schema metadata: `huggingface` does not describe the columns")


def _difference(expected: pa.Schema, found: pa.Schema) -> str:
    for name in (*expected.names, *found.names):
        if name not in found.names:
            return f"expected {name}, found none"
        if name not in expected.names:
            return f"{name} is not one of {', '.join(expected.names)}"
        if expected.field(name) != found.field(name):
            return f"expected {expected.field(name)}, found {found.field(name)}"
    return "they are in another order"


def _row_problems(
    path: Path, dataset: Path, build: dict[str, Any], seen: set[str]
) -> Iterator[Problem]:
    name = path.relative_to(dataset).as_posix()
    try:
        for row in read_rows(path):
            yield from check_rows([row], name, seen)
            if row.get("seed") != build["seed"]:
                message = f"seed: expected {build['seed']} from {BUILD_FILE}, found {row['seed']}"
                yield Problem(name, row["id"], message)
    except DataError as error:
        yield Problem(name, "", str(error))
    except (KeyError, TypeError) as error:
        yield Problem(name, "", f"rows cannot be checked ({type(error).__name__}: {error})")


def _count_problems(build: dict[str, Any], found_rows: dict[str, int]) -> Iterator[Problem]:
    expected_rows = {name: split["rows"] for name, split in build["splits"].items()}
    for split in expected_rows | found_rows:
        expected, found = expected_rows.get(split, 0), found_rows.get(split, 0)
        if expected != found:
            message = f"splits.{split}.rows: expected {expected}, found {found}"
            yield Problem(BUILD_FILE, "", message)
    if build["rows"] != sum(expected_rows.values()):
        message = f"rows: expected {sum(expected_rows.values())} from splits, found {build['rows']}"
        yield Problem(BUILD_FILE, "", message)


def _reject_problems(dataset: Path, build: dict[str, Any], seen: set[str]) -> Iterator[Problem]:
    try:
        table = pq.read_table(dataset / REJECTS_FILE, page_checksum_verification=True)
    except FileNotFoundError:
        return  # listed in build.json, so already told
    except (pa.ArrowException, OSError) as error:
        yield Problem(REJECTS_FILE, "", f"cannot be read ({first_line(error)})")
        return
    if not table.schema.equals(REJECTS_SCHEMA):
        yield Problem(REJECTS_FILE, "", f"columns: {_difference(REJECTS_SCHEMA, table.schema)}")
        return
    if table.num_rows != build["rejects"]:
        message = f"rejects: expected {build['rejects']}, found {table.num_rows}"
        yield Problem(BUILD_FILE, "", message)
    for row_id in table.column("id").to_pylist():
        if row_id in seen:
            yield Problem(REJECTS_FILE, row_id, "was rejected, and yet it is a row of the dataset")
