"""A dataset's own speech, as a folder of sounds: some of its clips, before augmentation."""

import csv
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from models.errors import DataError
from pipeline.audio.files import encode_flac
from pipeline.records import CleanClip
from pipeline.splits import numbers_of, used_splits

OWN = "own"  # the folder's name, and so the first word of its sounds' names
OWN_CLIPS = 64


class Talker(NamedTuple):
    """A clip that talks in the background of others of its split; `""` where there are none."""

    clip: CleanClip
    split: str = ""


def talkers_of_splits(shares: Mapping[str, float], voices: int) -> dict[str, int]:
    """Split -> how many of its first clips talk: its share of 64, and always more than the `voices`
    at once, so that none is needed twice or in its own background.
    """
    names = used_splits(shares)
    numbers = numbers_of([shares[name] for name in names], OWN_CLIPS)
    return {name: max(number, voices + 1) for name, number in zip(names, numbers, strict=True)}


def own_source(row_id: str) -> str:
    """What the clip of a row is called as a sound."""
    return f"{OWN}/{row_id}.flac"


def own_rows(sources: Iterable[str]) -> list[str]:
    """The ids of the rows whose clips are among `sources`."""
    own = [source for source in sources if source.startswith(f"{OWN}/")]
    return [Path(source).stem for source in own]


def write_own_speech(parent: Path, talkers: Iterable[Talker], license_name: str) -> Path:
    """Write `talkers` as a folder of sounds in `parent`, whole or not at all; returns it.

    The class of each sound is the split of its row. A folder that is there already is left as it
    is. Raises `DataError` without a single clip.
    """
    folder = parent / OWN
    if folder.is_dir():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{OWN}-", dir=parent))
    try:
        listed = []
        for clip, split in talkers:
            (staging / f"{clip.id}.flac").write_bytes(encode_flac(clip.wave, clip.sample_rate))
            listed.append((f"{clip.id}.flac", split, license_name))
        if not listed:
            raise DataError(f"{folder}: none of the first clips is good enough to talk in others")
        with (staging / "sources.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "class", "license"])
            writer.writerows(listed)
        try:
            staging.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another worker was first
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder
