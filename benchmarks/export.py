"""Seconds and peak memory of every export, read back by its consumer, and is memory flat?

    python -m benchmarks.export [--counts 2000 20000] [--formats nemo kaldi ...] [--work /tmp]

The dataset is tones, the same 32 clips under other ids, in one data file: so one process writes
it all, and what it holds at most is what a worker holds. Every figure comes from a process of its
own: seconds are those of its one core (CPU time), and the memory is the most it ever held, imports
included. The smallest export is read back, and every row compared: id, text, speaker, duration and
samples.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peak_memory import peak_mib
from models.evaluation.tables import markdown_table
from pipeline.dataset.files import BUILD_FILE, FORMAT, data_file, file_digest
from pipeline.export.run import LAYOUTS, ExportRequest, export_dataset

Row = dict[str, Any]
_DIFFERENT_CLIPS = 32
_GROUP_ROWS = 100  # as `seal` writes them
_SPLIT = "train"


def make_dataset(folder: Path, num_clips: int) -> Path:
    """A dataset of so many clips, every third a hard negative, without card and report."""
    from pipeline.dataset.manifest import dataset_schema  # not where an export is measured

    path = folder / data_file(_SPLIT, 0, 1)
    path.parent.mkdir(parents=True)
    schema = dataset_schema()
    with pq.ParquetWriter(path, schema, compression="NONE", write_page_checksum=True) as writer:
        for rows in _groups(num_clips):
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    listed = {
        path.relative_to(folder).as_posix(): {
            "sha256": file_digest(path),
            "bytes": path.stat().st_size,
        }
    }
    build = {
        "format": FORMAT,
        "name": "tones",
        "seed": 0,
        "rows": num_clips,
        "hours": 0.0,
        "rejects": 0,
        "config": {},
        "splits": {_SPLIT: {"rows": num_clips, "hours": 0.0}},
        "files": listed,
    }
    (folder / BUILD_FILE).write_text(json.dumps(build), encoding="utf-8")
    return folder


def export_once(dataset: Path, layout: str, out: Path) -> tuple[float, float]:
    """Seconds of CPU time, and the peak memory of this process so far in MiB."""
    started = time.process_time()
    export_dataset(ExportRequest(dataset, layout, out))
    return time.process_time() - started, peak_mib()


def read_back(dataset: Path, layout: str, out: Path) -> float:
    """Seconds of CPU time to read an export; raises `ValueError` where a row differs."""
    from tests.pipeline.export.readers import READERS, read_dataset

    started = time.process_time()
    found = sorted(clip.key for clip in READERS[layout](out, _SPLIT))
    seconds = time.process_time() - started
    if found != sorted(clip.key for clip in read_dataset(dataset, _SPLIT)):
        raise ValueError(f"{out}: {layout} is not what was exported")
    return seconds


def _groups(num_clips: int) -> Iterator[list[Row]]:
    from tests.pipeline.synthetic_build import rows_of

    different = rows_of(range(_DIFFERENT_CLIPS))
    numbers = iter(range(num_clips))
    while group := list(islice(numbers, _GROUP_ROWS)):
        yield [_as_number(different[number % len(different)], number) for number in group]


def _as_number(row: Row, number: int) -> Row:
    row_id = f"{row['domain']}-{number:012x}"
    kept = row | {"id": row_id, "audio": row["audio"] | {"path": f"{row_id}.flac"}}
    if number % 3 == 0:
        kept["negative"] = {"kind": "near_word", "near_to": "lights", "distance": 0.25}
    return kept


def _apart(*arguments: object) -> list[float]:
    """What this module prints in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.export", *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [float(word) for word in output.split()[-2:]]


def _row(layout: str, datasets: dict[int, Path], work: Path) -> list[str]:
    """A line of the table: for every number of clips seconds, clips a second, MiB."""
    cells, peaks = [layout], []
    for at, (clips, dataset) in enumerate(datasets.items()):
        with tempfile.TemporaryDirectory(dir=work) as folder:
            out = Path(folder) / "export"
            seconds, peak = _apart("--one", layout, dataset, out)
            cells += [f"{seconds:.1f}", f"{clips / seconds:,.0f}", f"{peak:.0f}"]
            peaks.append(peak)
            if at == 0:
                cells.append(f"{_apart('--back', layout, dataset, out)[-1]:.1f}")
    return [*cells, f"{peaks[-1] / peaks[0]:.2f}"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--formats", nargs="+", choices=list(LAYOUTS), default=list(LAYOUTS))
    parser.add_argument("--work", type=Path, help="where to write; gone at the end")
    parser.add_argument("--one", nargs=3, metavar=("FORMAT", "DATASET", "OUT"), help="only this")
    parser.add_argument("--back", nargs=3, metavar=("FORMAT", "DATASET", "OUT"), help="only this")
    options = parser.parse_args(arguments)
    if options.one or options.back:
        layout, dataset, out = options.one or options.back
        if options.one:
            print(*export_once(Path(dataset), layout, Path(out)))
        else:
            print(read_back(Path(dataset), layout, Path(out)))
        return 0
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        work = Path(folder)
        datasets = {
            clips: make_dataset(work / str(clips), clips) for clips in sorted(options.counts)
        }
        rows = [_row(layout, datasets, work) for layout in options.formats]
    print(markdown_table(_headings(sorted(options.counts)), rows))
    return 0


def _headings(counts: Sequence[int]) -> list[str]:
    headings = ["format"]
    for at, clips in enumerate(counts):
        headings += [f"{clips:,} clips: s", "clips/s", "peak MiB"]
        headings += ["read back, s"] if at == 0 else []
    return [*headings, "peak ratio"]


if __name__ == "__main__":
    sys.exit(main())
