"""Totals over the data files of a dataset: rows, hours, leaks between splits, licences."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.dataset.columns import SOUND_COLUMNS
from pipeline.dataset.files import DATA, REJECTS_FILE, data_files, file_digest, read_schema
from pipeline.dataset.leaks import Leak, LeakFinder
from pipeline.dataset.light_rows import LightRows, split_of_file
from pipeline.licences.summary import LicenceSummary, LicensedSource, SummaryCount


@dataclass(frozen=True)
class Contents:
    """Counted over all rows: `rows` by data file, rows and hours by split in `splits`."""

    rows: Mapping[str, int]
    splits: Mapping[str, Mapping[str, Any]]
    leaks: Sequence[Leak]
    licences: LicenceSummary


def contents_of(
    folder: Path, kept_apart: Iterable[str], sources: Sequence[LicensedSource]
) -> Contents:
    """Those of the data files in `folder`. Reads no audio.

    `kept_apart` are the kinds that may not cross splits, `sources` what may be in a row.
    """
    leaks, licences = LeakFinder(kept_apart), SummaryCount(sources)
    rows, seconds = Counter[str](), Counter[str]()
    for path in data_files(folder):
        split = split_of_file(path)
        light = [name for name in read_schema(path).names if name not in SOUND_COLUMNS]
        for row in LightRows((path,), tuple(light)):
            leaks.add(row, split)
            licences.add(row)
            rows[f"{DATA}/{path.name}"] += 1
            seconds[split] += row["duration_s"]
    return Contents(rows, _splits(rows, seconds), leaks.leaks(), licences.summary())


def contents_record(folder: Path, contents: Contents, num_rejects: int) -> dict[str, Any]:
    """The part of `build.json` that tells what lies in `folder`."""
    files = [*sorted((folder / DATA).iterdir()), folder / REJECTS_FILE]
    with ThreadPoolExecutor() as pool:  # digests leave the interpreter to others
        entries = list(pool.map(file_entry, files))
    return {
        "rows": sum(split["rows"] for split in contents.splits.values()),
        "hours": round(sum(split["hours"] for split in contents.splits.values()), 6),
        "rejects": num_rejects,
        "splits": contents.splits,
        "leaks": [asdict(leak) for leak in contents.leaks],
        "licences": asdict(contents.licences),
        "files": {
            path.relative_to(folder).as_posix(): entry
            for path, entry in zip(files, entries, strict=True)
        },
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
