"""The last step of a build: parts become a dataset that appears all at once.

Everything is written into a hidden folder beside the target and published by a rename, so a
reader sees the old dataset, or the new one, or none, and never half of one.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.config import resolve_path
from models.errors import DataError
from pipeline.audio.delivery import Codec, Delivery
from pipeline.audit.verdict import audit_dataset, audit_json
from pipeline.card.card import write_card
from pipeline.dataset.build_record import BuildInfo, build_record, stamp_pages, write_build
from pipeline.dataset.files import (
    AUDIT_FILE,
    BUILD_FILE,
    CARD_FILE,
    DATA,
    PICTURES,
    REJECTS_FILE,
    REJECTS_SCHEMA,
    REPORT_FILE,
    data_file,
    read_build,
)
from pipeline.dataset.history import parts_of
from pipeline.dataset.kept_audio import KEPT_AUDIO
from pipeline.dataset.leaks import LeakFinder, check_leaks
from pipeline.dataset.manifest import Row, dataset_schema, read_kept, read_part
from pipeline.dataset.marks import marked_reject, read_marks
from pipeline.dataset.rejects import check_rejected
from pipeline.licences.ledger import LedgerCount
from pipeline.records import Reject
from pipeline.report.page import render_report
from pipeline.splits import SPLITS, split_of
from pipeline.storage.atomic import naming_full_disk
from pipeline.storage.publish import publish, staging_folder
from pipeline.storage.shards import parquet_options, read_rejects, reject_value

_USUAL_SPLIT = {"train": 0.8, "validation": 0.1, "test": 0.1}
_OURS = {DATA, BUILD_FILE, REJECTS_FILE, CARD_FILE, AUDIT_FILE, REPORT_FILE, PICTURES}
# Bounds on a row group: what a reader must hold in memory at once, and what the hub's viewer likes.
_GROUP_ROWS, _GROUP_BYTES = 100, 32_000_000
_ROW_OVERHEAD_BYTES = 2_000


@dataclass(frozen=True)
class OutputConfig:
    """Where the dataset goes, and how it is cut.

    `split` gives each split its share of the rows, drawn by id; the shares sum to 1. `disjoint`
    names what no two splits may share: text, template, speaker, noise, room, `slot:NAME`.
    `license` is the dataset's own, as the Hugging Face hub spells it. `keep_clean` adds the clip
    before augmentation as `clean_audio`, `keep_noise` what was added to it as `noise_audio`.
    `sample_rate`, `codec` and `loudness_lufs` are those of `pipeline/audio/delivery.py`.
    `drop` is a file of marks (`pipeline/dataset/marks.py`): rows that it names become rejects.
    """

    path: Path
    split: Mapping[str, float] = field(default_factory=lambda: dict(_USUAL_SPLIT))
    disjoint: tuple[str, ...] = ()
    license: str = "cc-by-4.0"
    max_file_bytes: int = 500_000_000
    keep_clean: bool = False
    keep_noise: bool = False
    sample_rate: int | None = None
    codec: Codec = "flac"
    loudness_lufs: float | None = None
    drop: Path | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.split if name not in SPLITS]
        if unknown:
            raise ValueError(f"split.{unknown[0]}: unknown split; allowed: {', '.join(SPLITS)}")
        if any(share < 0 for share in self.split.values()):
            raise ValueError("split: a share is negative; 0 to 1 is allowed")
        if abs(sum(self.split.values()) - 1.0) > 1e-6:
            raise ValueError(f"split: the shares sum to {sum(self.split.values()):g}; must be 1")
        if self.max_file_bytes < 1_000_000:
            raise ValueError(f"max_file_bytes: {self.max_file_bytes} is below 1000000")
        assert self.delivery  # which checks its values

    @property
    def delivery(self) -> Delivery:
        """How the clips are shipped."""
        return Delivery(self.sample_rate, self.codec, self.loudness_lufs)

    def read_marks(self) -> dict[str, str]:
        """Notes on the rows to drop, by id. Raises `DataError` when their file is damaged."""
        return read_marks(resolve_path(self.drop)) if self.drop else {}

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of audio beside `audio`."""
        asked = {"clean_audio": self.keep_clean, "noise_audio": self.keep_noise}
        return tuple(name for name in KEPT_AUDIO if asked[name])


def check_output(output: OutputConfig, name: str) -> None:
    """Raise `DataError` unless the build `name` may publish to `output.path`, and has whole marks.

    It may create the folder, fill an empty one, or replace an earlier build of the same name.
    """
    output.read_marks()  # a damaged file is told before any work
    target = output.path
    if os.path.ismount(target):
        raise DataError(f"{target}: is a mount point; choose a folder inside it")
    if not target.exists():
        _check_parent(target)
        return
    if not target.is_dir():
        raise DataError(f"{target}: is a file; a folder is needed")
    found = sorted(entry.name for entry in target.iterdir())
    if not found:
        return
    if BUILD_FILE not in found:
        raise DataError(
            f"{target}: holds files that are not a dataset ({found[0]}); choose another folder"
        )
    other = read_build(target)
    if other["name"] != name:
        raise DataError(
            f"{target}: holds the dataset `{other['name']}`, not `{name}`; choose another folder"
        )
    if len(parts_of(other)) > 1:
        raise DataError(
            f"{target}: has grown out of {len(parts_of(other))} builds, which one alone would "
            "replace; choose another folder"
        )
    check_nothing_lost(target)


def check_nothing_lost(dataset: Path) -> None:
    """Raise `DataError` for a file in the folder `dataset` that replacing it would lose."""
    foreign = sorted(entry.name for entry in dataset.iterdir() if entry.name not in _OURS)
    if foreign:
        raise DataError(f"{dataset}: {foreign[0]} would be lost; move it or choose another folder")


def seal(
    parts: Sequence[Path],
    rejected_in: Iterable[Path],
    info: BuildInfo,
    output: OutputConfig,
    max_rejected_share: float = 1.0,
) -> Path:
    """Publish the rows of `parts`, in their order, as a dataset; returns its folder.

    `parts` are what `write_part` wrote; `rejected_in` are the other stages' shards, whose
    rejects are gathered beside those of the parts. Rows, files and their bytes do not depend
    on how the rows were cut into parts. Raises `DataError` when there is no row, when more than
    `max_rejected_share` of the utterances failed, when an id occurs twice, when the target may
    not be replaced, and on a full disk; then nothing of the new dataset is left and an old one
    stays as it was.
    """
    check_output(output, info.name)
    target = output.path.resolve()
    with naming_full_disk(output.path), staging_folder(target) as staging:
        rejects = [reject for path in (*rejected_in, *parts) for reject in read_rejects(path)]
        check_rejected(rejects, *_kept_in(parts), max_rejected_share)
        leaks, ledger = LeakFinder(output.disjoint), LedgerCount(info.sources)
        splits, dropped = _write_data(staging, parts, info, output, leaks, ledger)
        rejects += dropped
        check_leaks(leaks.leaks())
        write_rejects(staging / REJECTS_FILE, rejects)
        found = leaks.leaks(), ledger.ledger()
        write_build(staging, build_record(staging, info, splits, len(rejects), *found))
        write_pages(staging, output.license)
        publish(staging, target)
    return output.path


def write_pages(folder: Path, license_name: str) -> None:
    """Write card, audit and report of the data files, rejects and `build.json` in `folder`."""
    write_card(folder, license_name)
    audit = audit_dataset(folder)
    (folder / AUDIT_FILE).write_text(audit_json(audit), encoding="utf-8")
    (folder / REPORT_FILE).write_text(render_report(folder, audit), encoding="utf-8")
    stamp_pages(folder)


class _SplitWriter:
    """Writes one split's rows into files of bounded size and row groups of bounded memory.

    Files get their final names at the end, when their number is known.
    """

    def __init__(self, staging: Path, split: str, schema: pa.Schema, max_file_bytes: int) -> None:
        self.staging = staging
        self.split = split
        self.schema = schema
        self.max_file_bytes = max_file_bytes
        self.num_rows = 0
        self.duration_s = 0.0
        self._files: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._group: list[Row] = []
        self._group_bytes = 0
        self._file_bytes = 0

    def add(self, row: Row) -> None:
        heard = [row.get(name) for name in ("audio", *KEPT_AUDIO)]
        size = sum(len(audio["bytes"]) for audio in heard if audio) + _ROW_OVERHEAD_BYTES
        if self._file_bytes and self._file_bytes + size > self.max_file_bytes:
            self._end_file()
        elif len(self._group) >= _GROUP_ROWS or self._group_bytes + size > _GROUP_BYTES:
            self._end_group()
        self._group.append(row)
        self._group_bytes += size
        self._file_bytes += size
        self.num_rows += 1
        self.duration_s += row["duration_s"]

    def finish(self) -> None:
        self._end_file()
        for index, path in enumerate(self._files):
            path.rename(self.staging / data_file(self.split, index, len(self._files)))

    def _end_group(self) -> None:
        if not self._group:
            return
        if self._writer is None:
            path = self.staging / DATA / f"{self.split}-{len(self._files):05d}.part"
            self._writer = pq.ParquetWriter(path, self.schema, **parquet_options(self.schema))
            self._files.append(path)
        self._writer.write_table(pa.Table.from_pylist(self._group, schema=self.schema))
        self._group, self._group_bytes = [], 0

    def _end_file(self) -> None:
        self._end_group()
        if self._writer is not None:
            self._writer.close()
        self._writer, self._file_bytes = None, 0


def _write_data(
    staging: Path,
    parts: Sequence[Path],
    info: BuildInfo,
    output: OutputConfig,
    leaks: LeakFinder,
    ledger: LedgerCount,
) -> tuple[dict[str, dict[str, Any]], list[Reject]]:
    """Write the data files; returns rows and hours by split, and the rows that were marked bad."""
    (staging / DATA).mkdir()
    marks, dropped = output.read_marks(), list[Reject]()
    writers: dict[str, _SplitWriter] = {}
    schema: pa.Schema | None = None
    for row in _unique_rows(parts):
        if row["id"] in marks:
            dropped.append(marked_reject(row, marks[row["id"]]))
            continue
        schema = schema or dataset_schema(row["sample_rate"], output.kept)
        name = info.splits.get(row["id"]) or split_of(row["id"], info.seed, output.split)
        leaks.add(row, name)
        ledger.add(row)
        if name not in writers:
            writers[name] = _SplitWriter(staging, name, schema, output.max_file_bytes)
        writers[name].add(row)
    if not writers:
        why = f"{output.drop} marks all" if dropped else "every utterance was rejected"
        raise DataError(f"{output.path}: no row is left to publish: {why}")
    for writer in writers.values():
        writer.finish()
    splits = {
        name: {"rows": writers[name].num_rows, "hours": round(writers[name].duration_s / 3600, 6)}
        for name in SPLITS
        if name in writers
    }
    return splits, dropped


def _kept_in(parts: Iterable[Path]) -> tuple[Counter[str], Counter[str]]:
    """The numbers of rows by speaker, and by template."""
    speakers, templates = Counter[str](), Counter[str]()
    for part in parts:
        of_speakers, of_templates = read_kept(part)
        speakers += of_speakers
        templates += of_templates
    return speakers, templates


def _unique_rows(parts: Sequence[Path]) -> Iterator[Row]:
    seen: set[str] = set()
    for part in parts:
        for row in read_part(part):
            if row["id"] in seen:
                raise DataError(f"{part}: row {row['id']}: this id occurs more than once")
            seen.add(row["id"])
            yield row


def write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """Write `rejects.parquet`."""
    ordered = sorted(rejects, key=lambda item: (item.id, item.stage))
    rows = [{"id": item.id} | reject_value(item) for item in ordered]
    table = pa.Table.from_pylist(rows, schema=REJECTS_SCHEMA)
    compression = {name: "NONE" if name == "audio" else "ZSTD" for name in table.column_names}
    pq.write_table(table, path, compression=compression, write_page_checksum=True)


def _check_parent(target: Path) -> None:
    existing = next(parent for parent in target.absolute().parents if parent.exists())
    if not existing.is_dir():
        raise DataError(f"{target}: {existing} is a file; a folder is needed")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DataError(f"{target}: {existing} may not be written to")
