"""A teacher's corpus folder: `metadata.csv`, `wavs/ID.flac`, and `provenance.jsonl`.

A clip is written to a temporary name and renamed, then its row is added to `provenance.jsonl`, then
to `metadata.csv`. The rows of `provenance.jsonl` decide: a killed run continues after the last
whole one, and `metadata.csv` is written anew from them.
"""

import fcntl
import json
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import numpy as np

from models.engines.engine import Saying
from models.errors import DataError
from models.json_files import parse_json
from models.phonology.foreign_accents import parse_accent
from models.text_files import read_lines
from models.training.corpus import PROVENANCE
from models.training.teaching.plan import Request
from models.training.teaching.teacher import Teacher

CLIP_RATE = 22_050
METADATA = "metadata.csv"
_FULL_SCALE = 0.98  # where a clip that reaches full scale has its peak instead

_NEEDED = {"id", "speaker", "text", "normalized_text", "duration_s"}

Pronounce = Callable[[str, str], str]  # a spoken text and an accent to a phoneme string
Row = dict[str, Any]


def render(
    teacher: Teacher,
    requests: Iterable[Request],
    pronounce: Pronounce,
    folder: Path,
    workers: int = 1,
    limit_s: float = math.inf,
    report: Callable[[Row], None] = lambda row: None,
) -> list[str]:
    """Speak every request that the folder does not have yet, until it holds `limit_s` of sound.

    Returns a message for each request that failed; the others are rendered. Raises
    `DataError` when another process renders into the folder, it is another corpus's, its rows
    are damaged, or hold a request at another speed or with another accent.
    """
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    failures = []
    with _alone(folder):
        rows = _resume(folder)
        requests = list(requests)
        _check_said_alike(folder, rows, teacher, requests)
        total_s = sum(row["duration_s"] for row in rows)
        done = {row["id"] for row in rows}
        new = (request for request in requests if request.id not in done)
        for row in _spoken(teacher, new if total_s < limit_s else (), pronounce, folder, workers):
            if isinstance(row, DataError):
                failures.append(str(row))
                continue
            _append(folder / PROVENANCE, json.dumps(row, ensure_ascii=False))
            _append(folder / METADATA, _metadata_line(row))
            report(row)
            total_s += row["duration_s"]
            if total_s >= limit_s:
                break
    return failures


def read_provenance(folder: Path) -> list[Row]:
    """The rows of all finished clips. Raises `DataError` naming file and line."""
    path = folder / PROVENANCE
    rows = []
    for number, line in enumerate(read_lines(path, "provenance"), start=1):
        try:
            row = parse_json(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or _NEEDED - row.keys():
            needed = ", ".join(sorted(_NEEDED))
            raise DataError(f"{path}:{number}: no row; one is a JSON object with {needed}")
        rows.append(row)
    return rows


def _spoken(
    teacher: Teacher,
    requests: Iterable[Request],
    pronounce: Pronounce,
    folder: Path,
    workers: int,
) -> Iterator[Row | DataError]:
    """Rows in the order of the requests; a few of them are worked on ahead."""
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start, initargs=(teacher, folder)
    )
    ahead: deque[Future[Row]] = deque()
    try:
        for request in _once(requests):
            try:
                phonemes = pronounce(request.line.text, _accent(teacher, request))
            except DataError as error:
                yield _failure(request, error)
                continue
            ahead.append(pool.submit(_speak, request, phonemes))
            if len(ahead) > 2 * workers:
                yield _outcome(ahead.popleft())
        while ahead:
            yield _outcome(ahead.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _outcome(future: Future[Row]) -> Row | DataError:
    try:
        return future.result()
    except DataError as error:
        return error
    except BrokenProcessPool:
        raise DataError("a worker was ended from outside (out of memory?); start again") from None


def _once(requests: Iterable[Request]) -> Iterator[Request]:
    """Each id the first time only."""
    seen: set[str] = set()
    for request in requests:
        if request.id not in seen:
            seen.add(request.id)
            yield request


def _failure(request: Request, error: DataError) -> DataError:
    return DataError(f"voice {request.voice}, `{request.line.text}`: {error}")


_worker: dict[str, Any] = {}


def _start(teacher: Teacher, folder: Path) -> None:
    _worker.update(teacher=teacher, folder=folder)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: Any) -> None:
    """A pool does not end its workers when it is killed itself."""
    parent.join()
    os._exit(1)


def _speak(request: Request, phonemes: str) -> Row:
    teacher: Teacher = _worker["teacher"]
    saying = Saying(request.line.text, phonemes, _accent(teacher, request))
    try:
        wave, rate = teacher.speak(saying, request.voice, request.speed)
    except DataError as error:
        raise _failure(request, error) from None
    wave = _at_clip_rate(wave, rate)
    peak = float(np.abs(wave).max(initial=0.0))
    gain = _FULL_SCALE / peak if peak > _FULL_SCALE else 1.0
    _write_flac(_worker["folder"] / "wavs" / f"{request.id}.flac", wave * gain)
    return _row(teacher, request, phonemes, len(wave) / CLIP_RATE, gain)


def _row(teacher: Teacher, request: Request, phonemes: str, duration_s: float, gain: float) -> Row:
    return {
        "id": request.id,
        "speaker": f"{teacher.name}-{request.voice}",
        "kind": request.line.kind,
        "text": request.line.written,
        "normalized_text": request.line.text,
        "phonemes": phonemes,
        "accent": _accent(teacher, request),
        "duration_s": round(duration_s, 4),
        "voice": request.voice,
        "speed": request.speed,
        "seed": request.seed,
        "gain": round(gain, 5),
        "teacher": teacher.name,
        "revision": teacher.revision,
        "licence": teacher.licence,
    }


def _accent(teacher: Teacher, request: Request) -> str:
    return request.accent or parse_accent(teacher.voices[request.voice]).native


def _at_clip_rate(wave: np.ndarray, rate: int) -> np.ndarray:
    """(S,) at `rate` -> (S',) at 22,050 Hz."""
    import soxr

    return np.asarray(soxr.resample(wave, rate, CLIP_RATE, quality="VHQ"), np.float32)


def _write_flac(path: Path, wave: np.ndarray) -> None:
    import soundfile

    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        soundfile.write(temporary, wave, CLIP_RATE, format="FLAC", subtype="PCM_16")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_said_alike(
    folder: Path, rows: Iterable[Row], teacher: Teacher, requests: Iterable[Request]
) -> None:
    """A clip's id is of its voice and words alone, so one that is there must be what is asked for,
    or it would be left as it is without a word.
    """
    asked = {request.id: request for request in requests}
    for row in rows:
        request = asked.get(row["id"])
        if request is None:
            continue
        wanted = {"speed": request.speed, "accent": _accent(teacher, request)}
        for name, value in wanted.items():
            if row.get(name, value) != value:
                raise DataError(
                    f"{folder}: {row['id']} was said with {name} {row[name]}, and {value} is asked "
                    "for; give the options of before, or another folder"
                )


def _resume(folder: Path) -> list[Row]:
    """Cut half a row off, write the metadata anew, and remove partial files; the rows that are
    done.
    """
    provenance = folder / PROVENANCE
    if not provenance.exists():
        if (folder / METADATA).exists():
            raise DataError(f"{folder}: holds a corpus that no teacher made; choose another folder")
        provenance.touch()
    whole = provenance.read_bytes()
    whole = whole[: whole.rfind(b"\n") + 1]
    _replace(provenance, whole)
    rows = read_provenance(folder)
    _replace(folder / METADATA, "".join(f"{_metadata_line(row)}\n" for row in rows).encode())
    for left in (folder / "wavs").glob(".*.tmp"):
        left.unlink(missing_ok=True)
    return rows


def _metadata_line(row: Mapping[str, str]) -> str:
    return "|".join((row["id"], row["speaker"], row["text"], row["normalized_text"]))


def _append(path: Path, line: str) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(f"{folder}: another process renders into it") from None
        yield
