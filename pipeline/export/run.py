"""`export_dataset`: a published dataset in another layout, data file by data file, in parallel.

A run that was interrupted goes on with the data files that were not written; the same call on a
whole export changes nothing.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.atomic import naming_full_disk
from models.errors import ConfigError, DataError
from pipeline.dataset.files import BUILD_FILE, data_files, file_digest
from pipeline.dataset.record import DatasetRecord, read_whole_record
from pipeline.export import (
    audiofolder,
    espnet,
    kaldi,
    lhotse_cuts,
    lhotse_shar,
    ljspeech,
    nemo,
    nemo_tarred,
    openwakeword,
    speechbrain,
    state,
    webdataset,
)
from pipeline.export.clips import Clip, count_rows, read_clips
from pipeline.export.pieces import CLIPS_A_SHARD, Layout, Piece
from pipeline.storage.processes import exit_with_parent

LAYOUTS: Mapping[str, Layout] = {
    "nemo": nemo,
    "nemo-tarred": nemo_tarred,
    "lhotse": lhotse_cuts,
    "lhotse-shar": lhotse_shar,
    "kaldi": kaldi,
    "espnet": espnet,
    "speechbrain": speechbrain,
    "webdataset": webdataset,
    "hf-audiofolder": audiofolder,
    "ljspeech": ljspeech,
    "openwakeword": openwakeword,
}
_VERSION = 2  # of the layouts: an export that an older one began is not gone on with


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which dataset goes where, and how: `layout` is one of `LAYOUTS`.

    Without `splits`, all; `workers` are processes.
    """

    dataset: Path
    layout: str
    out: Path
    splits: tuple[str, ...] = ()
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: clips by split. `was_there`: an earlier run had written it all."""

    clips: Mapping[str, int]
    was_there: bool


def export_dataset(
    request: ExportRequest, on_piece: Callable[[int, int], object] = lambda done, of: None
) -> Exported:
    """Write the dataset into `request.out`, in the layout asked for.

    `on_piece` is told how many data files of how many are written. Raises `ConfigError` for an
    unknown layout, `DataError` for what is no dataset, a split without rows, a folder that holds
    something else, a damaged data file, a dataset without what the layout needs, a full disk.
    """
    if request.layout not in LAYOUTS:
        allowed = ", ".join(LAYOUTS)
        raise ConfigError(f"--to: {request.layout} is no known format; allowed: {allowed}")
    record = read_whole_record(request.dataset)
    pieces = plan(request, record)
    wanted = _description(request.layout, record, pieces)
    if request.layout == "openwakeword":
        openwakeword.check(pieces)
    with naming_full_disk(request.out), state.held(request.out, wanted):
        was_there = state.is_finished(request.out)
        if not was_there:
            _write_missing(request, pieces, on_piece)
            LAYOUTS[request.layout].finish(pieces)
            state.end(request.out, wanted)
        state.clear(pieces)
        return Exported(_clips_by_split(pieces), was_there)


def plan(request: ExportRequest, record: DatasetRecord) -> list[Piece]:
    """A piece for every data file of the splits asked for, with its tar files numbered.

    Raises `DataError` when a split has no rows.
    """
    pieces: list[Piece] = []
    next_shard: dict[str, int] = {}
    for source in data_files(request.dataset):
        split, _, rest = source.stem.partition("-")
        if request.splits and split not in request.splits:
            continue
        first = next_shard.get(split, 0)
        next_shard[split] = first + -(-count_rows(source) // CLIPS_A_SHARD)
        number = int(rest.partition("-")[0])
        digest = record.files[source.relative_to(request.dataset).as_posix()].sha256
        shards = range(first, next_shard[split])
        pieces.append(Piece(request.out, split, number, source, digest, shards))
    empty = [split for split in request.splits if not next_shard.get(split)]
    if empty or not any(next_shard.values()):
        found = ", ".join(record.splits) or "none"
        asked = f"--split {empty[0]}: " if empty else ""
        raise DataError(f"{request.dataset}: {asked}no rows; splits with rows: {found}")
    return [piece for piece in pieces if piece.shards]


def _description(layout: str, record: DatasetRecord, pieces: Sequence[Piece]) -> dict[str, Any]:
    """What two exports have in common if they are equal."""
    digests = json.dumps([[piece.name, piece.digest] for piece in pieces])
    data = hashlib.sha256(digests.encode()).hexdigest()[:16]
    return {
        "format": layout,
        "splits": list(dict.fromkeys(piece.split for piece in pieces)),
        "dataset": f"{record.name} (data {data})",
        "version": _VERSION,
    }


def _write_missing(
    request: ExportRequest, pieces: Sequence[Piece], on_piece: Callable[[int, int], object]
) -> None:
    missing = [piece for piece in pieces if not state.is_marked(piece)]
    done = len(pieces) - len(missing)
    on_piece(done, len(pieces))
    for _ in _written(request, missing):
        done += 1
        on_piece(done, len(pieces))


def _written(request: ExportRequest, missing: Sequence[Piece]) -> Iterator[None]:
    """Write `missing`, here or in processes of their own; yields after each."""
    workers = min(request.workers, len(missing))
    if workers <= 1:
        for piece in missing:
            write_piece(request.layout, piece)
            yield
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=exit_with_parent) as pool:
        try:
            jobs = [pool.submit(write_piece, request.layout, piece) for piece in missing]
            yield from (job.result() for job in as_completed(jobs))
        except BrokenProcessPool:
            raise DataError(
                f"{request.out}: a worker ended before its time (out of memory?); the same "
                "command goes on; --workers 1 needs the least memory"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def write_piece(layout: str, piece: Piece) -> None:
    """Write what one data file becomes, and mark it as written."""
    with naming_full_disk(piece.out):
        found = file_digest(piece.source)
        if found != piece.digest:
            raise DataError(
                f"{piece.source}: expected SHA-256 {piece.digest[:12]}... as in {BUILD_FILE}, "
                f"found {found[:12]}...: the file was changed or is damaged"
            )
        state.begin_piece(piece)
        count, hours = 0, 0.0

        def counted() -> Iterator[Clip]:
            nonlocal count, hours
            for clip in read_clips(piece.source):
                count += 1
                hours += clip.row["duration_s"] / 3600
                yield clip

        try:
            LAYOUTS[layout].write(piece, counted())
        except DataError as error:
            raise DataError(f"{piece.source}: {error}") from error
        state.mark(piece, count, round(hours, 6))


def _clips_by_split(pieces: Sequence[Piece]) -> dict[str, int]:
    clips: dict[str, int] = {}
    for piece in pieces:
        clips[piece.split] = clips.get(piece.split, 0) + state.marked_clips(piece)
    return clips
