"""The section `output` of a build's config, and the checks of the folder that it names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.config import resolve_path
from models.errors import DataError
from models.folders import check_can_be_written
from models.object_store import RemotePath
from pipeline.audio.delivery import Codec, Delivery
from pipeline.dataset.columns import COLUMNS, KEPT_AUDIO
from pipeline.dataset.files import (
    AUDIT_FILE,
    BUILD_FILE,
    CARD_FILE,
    DATA,
    PICTURES,
    REJECTS_FILE,
    REPORT_FILE,
)
from pipeline.dataset.marks import read_marks
from pipeline.dataset.record import read_record
from pipeline.licences.terms import check_licence_name
from pipeline.splits import SPLITS
from pipeline.storage.versions import check_writable

_USUAL_SPLIT = {"train": 0.8, "validation": 0.1, "test": 0.1}
_OURS = {DATA, BUILD_FILE, REJECTS_FILE, CARD_FILE, AUDIT_FILE, REPORT_FILE, PICTURES}


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
        check_licence_name(self.license)
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
        return tuple(name for name in KEPT_AUDIO if getattr(self, COLUMNS[name].kept))


def check_output(output: OutputConfig, name: str) -> None:
    """Raise `DataError` unless the build `name` may publish to `output.path`, and has whole marks.

    It may create the folder, fill an empty one, or replace an earlier build of the same name.
    """
    output.read_marks()  # a damaged file is told before any work
    target = output.path
    if isinstance(target, RemotePath):
        newest = check_writable(target)
        return None if newest is None else _check_replaces(newest, target, name)
    check_can_be_written(target, "output.path")
    if os.path.ismount(target):
        raise DataError(f"{target}: is a mount point; choose a folder inside it")
    if not target.exists():
        return
    found = sorted(entry.name for entry in target.iterdir())
    if not found:
        return
    if BUILD_FILE not in found:
        raise DataError(
            f"{target}: holds files that are not a dataset ({found[0]}); choose another folder"
        )
    _check_replaces(target, target, name)
    check_nothing_lost(target)


def _check_replaces(folder: Path, target: Path, name: str) -> None:
    """Raise `DataError` unless the build `name` may replace the dataset in `folder`."""
    other = read_record(folder)
    if other.name != name:
        raise DataError(
            f"{target}: holds the dataset `{other.name}`, not `{name}`; choose another folder"
        )
    if len(other.parts) > 1:
        raise DataError(
            f"{target}: has grown out of {len(other.parts)} builds, which one alone would "
            "replace; choose another folder"
        )


def check_nothing_lost(dataset: Path) -> None:
    """Raise `DataError` for a file in the folder of a dataset that replacing it would lose."""
    foreign = [entry.name for entry in dataset.iterdir() if entry.name not in _OURS]
    record = read_record(dataset)
    for folder, listed in ((DATA, record.files), (PICTURES, record.pages)):
        inside = (path for path in (dataset / folder).rglob("*") if not path.is_dir())
        names = (path.relative_to(dataset).as_posix() for path in inside)
        foreign += [name for name in names if listed and name not in listed]
    if foreign:
        raise DataError(
            f"{dataset}: {min(foreign)} would be lost; move it or choose another folder"
        )
