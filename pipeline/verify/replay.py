"""Replay: a clip recreated from its clean version and its log, and compared sample by sample."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.audio.delivery import Delivery, at_rate, ship
from pipeline.audio.files import decode_audio, pcm16
from pipeline.augment.augmentation_log import read_log
from pipeline.augment.augmenter import Augmenter, AugmentSetting, augment_digest
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links.link import Drawn
from pipeline.augment.own_speech import Talker, own_rows, write_own_speech
from pipeline.augment.sounds.babble import make_babble
from pipeline.augment.sounds.library import UNKNOWN_LICENSE
from pipeline.dataset.files import BUILD_FILE, DATA, data_files, read_rows
from pipeline.dataset.record import read_record
from pipeline.records import CleanClip, is_recording
from pipeline.storage.shards import read_table

_COLUMNS = ("id", "audio", "augmentations", "transcript")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A row's clip made again.

    `is_equal` says whether each of its samples is that of the row. `clean_from` is where the clean
    version was found, `has_other_sounds` whether the folders of sounds have changed since.
    """

    audio: bytes  # as the build ships it
    log: tuple[tuple[str, Drawn], ...]
    is_equal: bool
    clean_from: str
    has_other_sounds: bool


def replay(dataset: Path, row_id: str, work_dir: Path | None = None) -> Replayed:
    """Make the clip of the row `row_id` again.

    The clean version is the row's own `clean_audio`, else that of the build's shards in
    `work_dir` (None: where a build keeps them unless told otherwise). Raises `DataError` when the
    row, its clean version or a sound it needs is not there.
    """
    row, file = _row(dataset, row_id)
    made_by = read_record(dataset).part_of(file)
    log = read_log(row["augmentations"], f"{dataset}: row {row_id}")
    where = f"{dataset / BUILD_FILE}: config.augment"
    config = build(AugmentConfig, made_by.config.get("augment", {}), where)
    delivery, is_silence = _delivery(made_by.config, dataset), not row["transcript"]
    delivery = delivery.of_silence if is_silence else delivery
    work_dir = work_dir or dataset.absolute().parent / ".voxloom" / made_by.name
    is_recorded = is_recording(str(row.get("acoustic_model", "")))
    wanted, sample_rate = decode_audio(row["audio"]["bytes"])
    babble = _babble(config, log, made_by.seed, work_dir)
    with tempfile.TemporaryDirectory() as folder:
        own = _own_speech(dataset, log, work_dir, Path(folder))
        setting = AugmentSetting(babble=babble, own=own)
        augmenter = Augmenter(config, sample_rate, setting)
        remade = []
        for clean, found_in in _clean_clips(row, work_dir):
            wave = at_rate(clean.wave, clean.sample_rate, sample_rate)
            augmented = augmenter.apply(wave, log, is_silence).wave
            shipped = ship(augmented, sample_rate, delivery, row_id, is_recorded)
            remade.append(_Remade(shipped.audio, found_in))
    if not remade:
        raise DataError(
            f"{dataset}: row {row_id}: its clean version is neither in the dataset "
            f"(output.keep_clean) nor among the shards in {work_dir}"
        )
    equal = [one for one in remade if np.array_equal(decode_audio(one.audio)[0], wanted)]
    best = (equal or remade)[0]
    return Replayed(
        audio=best.audio,
        log=tuple(log),
        is_equal=bool(equal),
        clean_from=best.found_in,
        has_other_sounds=augment_digest(config) != made_by.digests.get("sounds"),
    )


@dataclass(frozen=True, slots=True)
class _Remade:
    """The clip made from one of the clean versions there are."""

    audio: bytes
    found_in: str


def _row(dataset: Path, row_id: str) -> tuple[dict[str, Any], str]:
    """The row, and the data file that it lies in."""
    found = _find_row(dataset, row_id)
    if found is None:
        raise DataError(f"{dataset}: has no row {row_id}")
    row, file = found
    missing = [name for name in _COLUMNS if name not in row]
    if missing:
        raise DataError(f"{dataset}: has no column {missing[0]}; an older version built it")
    return row, file


def _find_row(dataset: Path, row_id: str) -> tuple[dict[str, Any], str] | None:
    for path in data_files(dataset):
        for number, found in enumerate(read_rows(path, ["id"])):
            if found["id"] == row_id:
                row = next(row for index, row in enumerate(read_rows(path)) if index == number)
                return row, f"{DATA}/{path.name}"
    return None


def _delivery(config: Mapping[str, Any], dataset: Path) -> Delivery:
    names = [field.name for field in fields(Delivery)]
    output = config.get("output", {})
    asked = {name: output[name] for name in names if name in output}
    return build(Delivery, asked, f"{dataset / BUILD_FILE}: config.output")


def _clean_clips(row: Mapping[str, Any], work_dir: Path) -> Iterator[tuple[CleanClip, str]]:
    """(clip, where it was found) of every clean version there is, the surest first: the judge's
    shards hold later attempts, the vocoder's the first.
    """
    if row.get("clean_audio"):
        yield _decoded(row["id"], row["clean_audio"]["bytes"]), "clean_audio"
        return
    shards = [
        path for stage in ("judge", "vocode") for path in (work_dir / stage).glob("*.parquet")
    ]
    for path in sorted(shards, key=lambda path: -path.stat().st_mtime):
        ids = read_table(path, None, ["id"]).column("id").to_pylist()
        if row["id"] in ids:
            (found,) = read_table(path, None, None).slice(ids.index(row["id"]), 1).to_pylist()
            clip = _clean_clip(row["id"], found.get("clean") or found)
            if clip:
                yield clip, str(path)


def _clean_clip(row_id: str, found: Mapping[str, Any]) -> CleanClip | None:
    """The clip in a row of a shard, which older versions kept as FLAC."""
    if found.get("audio"):
        return _decoded(row_id, found["audio"])
    names = [field.name for field in fields(CleanClip)]
    return CleanClip(*(found[name] for name in names)) if found.get("pcm") else None


def _decoded(row_id: str, audio: bytes) -> CleanClip:
    wave, sample_rate = decode_audio(audio)
    return CleanClip(row_id, "", sample_rate, len(wave), pcm16(wave).tobytes())


def _own_speech(
    dataset: Path, log: list[tuple[str, Drawn]], work_dir: Path, parent: Path
) -> Path | None:
    """A folder in `parent` with the dataset's own clips that the log has some of."""
    talkers: list[Talker] = []
    for row_id in own_rows(source for _, drawn in log for source in drawn.get("sources", ())):
        row, _ = _find_row(dataset, row_id) or ({"id": row_id}, "")
        found = next(_clean_clips(row, work_dir), None)
        if found is None:
            raise DataError(f"{dataset}: the clean version of {row_id}, which talks in it, is gone")
        talkers.append(Talker(found[0]))
    return write_own_speech(parent, talkers, UNKNOWN_LICENSE) if talkers else None


def _babble(
    config: AugmentConfig, log: list[tuple[str, Drawn]], seed: int, work_dir: Path
) -> Path | None:
    """The build's babble where the log has some: found among its files, or drawn again."""
    classes = {name for _, drawn in log for name in drawn.get("classes", ())}
    if config.babble is None or "babble" not in classes:
        return None
    try:
        return make_babble(config.babble, seed, work_dir / "babble")
    except OSError as error:
        raise ConfigError(f"{work_dir}: babble cannot be drawn into it ({error})") from None
