"""A dataset's own speech, as a folder of sounds: some of its clips, before augmentation."""

import csv
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from models.errors import DataError
from pipeline.audio.files import encode_flac
from pipeline.records import CleanClip

OWN = "own"  # the folder's name, and so the first word of its sounds' names
OWN_CLIPS = 64


def own_source(row_id: str) -> str:
    """What the clip of a row is called as a sound."""
    return f"{OWN}/{row_id}.flac"


def own_rows(sources: Iterable[str]) -> list[str]:
    """The ids of the rows whose clips are among `sources`."""
    own = [source for source in sources if source.startswith(f"{OWN}/")]
    return [Path(source).stem for source in own]


def write_own_speech(parent: Path, clips: Iterable[CleanClip], license_name: str) -> Path:
    """Write `clips` as a folder of sounds in `parent`, whole or not at all; returns it.

    A folder that is there already is left as it is. Raises `DataError` without a single clip.
    """
    folder = parent / OWN
    if folder.is_dir():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{OWN}-", dir=parent))
    try:
        ids = []
        for clip in clips:
            (staging / f"{clip.id}.flac").write_bytes(encode_flac(clip.wave, clip.sample_rate))
            ids.append(clip.id)
        if not ids:
            raise DataError(f"{folder}: none of the first clips is good enough to talk in others")
        with (staging / "sources.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "license"])
            writer.writerows([f"{row_id}.flac", license_name] for row_id in ids)
        try:
            staging.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another worker was first
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder
