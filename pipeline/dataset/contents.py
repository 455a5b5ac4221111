"""Totals over the data files of a dataset: rows, hours, leaks between splits, licences."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from models.atomic import naming_full_disk
from pipeline.dataset.columns import SOUND_COLUMNS
from pipeline.dataset.files import DATA, REJECTS_FILE, data_files, file_digest, read_schema
from pipeline.dataset.leaks import Leak, LeakFinder, values_of, values_table
from pipeline.dataset.light_rows import LightRows, split_of_file
from pipeline.dataset.pieces import Each, one_by_one
from pipeline.licences.summary import Counted, LicenceSummary, LicensedSource, SummaryCount
from pipeline.storage.shards import read_table, write_table

_VALUES = "values that may leak"  # what is written beside a data file


@dataclass(frozen=True)
class Contents:
    """Counted over all rows: `rows` by data file, rows and hours by split in `splits`; `files` are
    what `file_entry` says of the data files.
    """

    rows: Mapping[str, int]
    files: Mapping[str, Mapping[str, Any]]
    splits: Mapping[str, Mapping[str, Any]]
    leaks: Sequence[Leak]
    licences: LicenceSummary


@dataclass(frozen=True, slots=True)
class _Seen:
    """The contents of one data file; the `values` that may leak lie in a file beside."""

    path: Path
    rows: int
    seconds: float
    entry: Mapping[str, Any]
    licences: Counted
    values: Path


def contents_of(
    folder: Path,
    kept_apart: Iterable[str],
    sources: Sequence[LicensedSource],
    each: Each = one_by_one,
) -> Contents:
    """Those of the data files in `folder`, at each of which a worker may look.

    `kept_apart` are the kinds that may not cross splits, `sources` what may be in a row.
    """
    seen: list[_Seen] = each(partial(_look_at, sources), data_files(folder))
    leaks, licences = LeakFinder(kept_apart), SummaryCount(sources)
    rows, seconds = Counter[str](), defaultdict[str, float](float)
    for file in seen:
        split = split_of_file(file.path)
        leaks.add(read_table(file.values, _VALUES, None), split)
        licences.include(file.licences)
        rows[f"{DATA}/{file.path.name}"] = file.rows
        seconds[split] += file.seconds
    found = leaks.leaks(read_table(file.values, _VALUES, None) for file in seen)
    for file in seen:
        file.values.unlink()
    entries = {f"{DATA}/{file.path.name}": file.entry for file in seen}
    return Contents(rows, entries, _splits(rows, seconds), found, licences.summary())


def _look_at(sources: Sequence[LicensedSource], path: Path) -> _Seen:
    """Reads no audio but for the file's digest."""
    licences, values = SummaryCount(sources), dict[tuple[str, str], None]()
    rows, seconds = 0, 0.0
    light = [name for name in read_schema(path).names if name not in SOUND_COLUMNS]
    for row in LightRows((path,), tuple(light)):
        values.update(dict.fromkeys(values_of(row)))
        licences.add(row)
        rows += 1
        seconds += row["duration_s"]
    beside = path.parent.parent / f"{path.name}.values"
    with naming_full_disk(beside):
        write_table(beside, values_table(values), _VALUES)
    return _Seen(path, rows, seconds, file_entry(path), licences.counted, beside)


def contents_record(folder: Path, contents: Contents, num_rejects: int) -> dict[str, Any]:
    """The part of `build.json` that tells what lies in `folder`."""
    rejects = {REJECTS_FILE: file_entry(folder / REJECTS_FILE)}
    return {
        "rows": sum(split["rows"] for split in contents.splits.values()),
        "hours": round(sum(split["hours"] for split in contents.splits.values()), 6),
        "rejects": num_rejects,
        "splits": contents.splits,
        "leaks": [asdict(leak) for leak in contents.leaks],
        "licences": asdict(contents.licences),
        "files": dict(sorted(contents.files.items())) | rejects,
    }


def file_entry(path: Path) -> dict[str, Any]:
    """What `build.json` says of a file."""
    return {"bytes": path.stat().st_size, "sha256": file_digest(path)}


def _splits(rows: Mapping[str, int], seconds: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    counts = Counter[str]()
    for file, count in rows.items():
        counts[split_of_file(Path(file))] += count
    return {
        split: {"rows": count, "hours": round(seconds[split] / 3600, 6)}
        for split, count in counts.items()
    }
