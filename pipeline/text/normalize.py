"""Written to spoken text: "Wake me at 7:30 am." -> "Wake me at seven thirty A M."

NeMo text processing (weighted finite-state grammars) reads numbers, dates, times, money and
units; it takes some 10 ms a sentence, so only the words that need it go there. Its grammars
are compiled once into a cache on disk (half a minute), which `python -m pipeline.text.normalize`
does ahead of time. Rules of our own stand in `pipeline/text/spoken_overlay.py`.
"""

import contextlib
import functools
import hashlib
import importlib.util
import itertools
import logging
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import threading
import types
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from models.cache_folder import cache_folder
from models.content import file_digest, is_as_listed, list_contents
from models.errors import DataError
from models.folders import files_below
from pipeline.storage.processes import exit_with_parent, may_start_processes

_ABBREVIATION = re.compile(
    r"\b(?:Dr|Mr|Mrs|St|Jr|Sr|Mt|Ave|Blvd|Rd|Gov|Gen|Rev|Hon|Maj|Capt|Sgt|Lt|Col|Ph|vs|etc|vol"
    r"|dept|apt|bldg|est|prof|approx|Inc|Corp|Ltd|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov"
    r"|Dec)\."
)
_NEEDS_GRAMMAR = re.compile(
    rf"""[0-9]                               # numbers, dates, times, ...
    | [^\sA-Za-z'.,;:!?"()-]                 # signs: % $ & ° ...
    | [A-Za-z]\.[A-Za-z]                     # a.m., U.S., e.g., example.com
    | {_ABBREVIATION.pattern}""",
    re.VERBOSE,
)
_WORDS_BEFORE, _WORDS_AFTER = 1, 2  # `March 3`, `3rd of March`: how far the grammars look
_PARALLEL_FROM = 128  # fewer readings are done sooner than a second process has started
_MAX_WORKERS = 8
_CHUNK = 16
_BUILT = "complete"  # lists the grammars: a damaged one may read otherwise


def normalize(
    texts: Sequence[str], grammar_cache: Path | None = None, workers: int = 0
) -> list[str]:
    """The spoken form of each text, case and punctuation kept, in the same order.

    `workers` processes share a large batch; 0 means as many as there are cores, and a worker
    process reads alone. The result does not depend on it. What no rule reads (an emoji, foreign
    letters) stays as it is. Raises `DataError` when the grammar cache cannot be written.
    """
    from pipeline.text import spoken_overlay
    from pipeline.text.readings.plain_numbers import read_plain

    written = [spoken_overlay.before(text) for text in texts]
    parted = [_part(text) for text in written]
    written_runs = dict.fromkeys(run.text for runs in parted for run in runs if run.needs_grammar)
    plain = {run: read_plain(run) for run in written_runs if not _ABBREVIATION.search(run)}
    read = {run: spoken for run, spoken in plain.items() if spoken is not None}
    hard = [run for run in written_runs if run not in read]
    if hard:
        grammars = prepare_grammars(grammar_cache)
        read |= zip(hard, _by_grammar(hard, str(grammars), workers), strict=True)
    spoken = [" ".join(read.get(run.text, run.text) for run in runs) for runs in parted]
    return [
        spoken_overlay.after(text, before) for text, before in zip(spoken, written, strict=True)
    ]


class _Run(NamedTuple):
    text: str
    needs_grammar: bool


def _part(text: str) -> list[_Run]:
    """Runs of words that the grammars must read, with the neighbours they look at, and others.

    `Wake me | up at 7:30 am tomorrow.`: shorter runs are faster, and they come back ("at 7:30
    am"), so that the cache of readings knows many of them.
    """
    words = text.split()
    needed = [False] * len(words)
    for index, word in enumerate(words):
        if _NEEDS_GRAMMAR.search(word):
            first, last = max(index - _WORDS_BEFORE, 0), index + _WORDS_AFTER
            needed[first : last + 1] = [True] * len(needed[first : last + 1])
    return [
        _Run(" ".join(word for word, _ in run), needs_grammar)
        for needs_grammar, run in itertools.groupby(
            zip(words, needed, strict=True), key=lambda pair: pair[1]
        )
    ]


def prepare_grammars(grammar_cache: Path | None = None) -> Path:
    """Compile NeMo's English grammars into the cache unless they are there; their folder.

    About 25 s, 450 MB of memory and 9 MB on disk. Processes that ask at the same time wait
    for one of them to do it. Raises `DataError` when the folder cannot be written.
    """
    root = grammar_cache or cache_folder()
    folder = root / f"nemo-en-{_release()}"
    if is_as_listed(folder / _BUILT):
        return folder
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / "grammars.lock"):
            if not is_as_listed(folder / _BUILT):
                _compile_into(folder)
    except OSError as error:
        raise DataError(
            f"{root}: cannot hold the grammar cache ({error.strerror}); "
            "set VOXLOOM_CACHE or text.grammar_cache to a folder that can be written"
        ) from None
    return folder


@functools.cache
def _release() -> str:
    """What the grammars are compiled from and by: releases, and the files of NeMo's English."""
    digest = hashlib.blake2b(digest_size=4)
    for path in files_below(_english()):
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(_english())}\0".encode() + file_digest(path))
    releases = f"{version('nemo_text_processing')}-pynini-{version('pynini')}"
    return f"{releases}-{digest.hexdigest()}"


def _english() -> Path:
    spec = importlib.util.find_spec("nemo_text_processing")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("nemo_text_processing is not installed: pip install -e .")
    return Path(spec.submodule_search_locations[0]) / "text_normalization" / "en"


def _compile_into(folder: Path) -> None:
    """Compiled beside its final place and renamed: a half-compiled cache is never seen."""
    staging = Path(tempfile.mkdtemp(prefix=".grammars-", dir=folder.parent))
    try:
        _load_nemo(str(staging))
        list_contents(staging / _BUILT, files_below(staging))
        staging.chmod(0o755)  # mkdtemp keeps others out, but a cache may be shared
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Between processes and threads; where files cannot be locked the work is done twice."""
    with _COMPILING, path.open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except (ImportError, OSError):
            pass
        yield


def _load_nemo(grammars: str) -> Any:
    """NeMo logs every grammar and every sentence as INFO, to two handlers."""
    logger = logging.getLogger("NeMo-text-processing")
    logger.disabled = True
    logger.propagate = False
    _leave_out_audio()
    from nemo_text_processing.text_normalization.normalize import Normalizer

    return Normalizer(input_case="cased", lang="en", cache_dir=grammars)


def _leave_out_audio() -> None:
    """Let NeMo's package import without its normalizer of recordings, which is not used here
    and asks for cdifflib, a package that every machine would have to compile.
    """
    name = "nemo_text_processing.text_normalization.normalize_with_audio"
    stand_in = types.ModuleType(name)
    stand_in.NormalizerWithAudio = None  # type: ignore[attr-defined]
    sys.modules.setdefault(name, stand_in)


_COMPILING = threading.Lock()
_LOADING = threading.Lock()
_READING = threading.Lock()
_loaded: dict[str, Any] = {}


def _nemo(grammars: str) -> Any:
    with _LOADING:
        if grammars not in _loaded:
            try:
                _loaded[grammars] = _load_nemo(grammars)
            except Exception as error:
                raise DataError(
                    f"{grammars}: the grammar cache is damaged ({error}); delete it and run again"
                ) from None
        return _loaded[grammars]


def load_ahead() -> None:
    """Load the grammars where they are compiled, for processes that are forked from this one."""
    with contextlib.suppress(DataError, OSError):
        folder = cache_folder() / f"nemo-en-{_release()}"
        if is_as_listed(folder / _BUILT):
            _nemo(str(folder))


@functools.lru_cache(maxsize=1 << 16)
def _read(text: str, grammars: str) -> str:
    """A run of words through the grammars; unchanged when they cannot read it."""
    normalizer = _nemo(grammars)
    with _READING:  # the normalizer keeps the sentence it is parsing on itself
        try:
            return str(normalizer.normalize(text, punct_post_process=True))
        except Exception:  # pynini has errors of its own for symbols outside its alphabet
            return text


def _by_grammar(texts: Sequence[str], grammars: str, workers: int) -> list[str]:
    workers = min(workers or _num_cores(), _MAX_WORKERS)
    if workers > 1 and len(texts) >= _PARALLEL_FROM and may_start_processes():
        try:
            with _LOADING:
                pool = _pool(workers)
            read = functools.partial(_read, grammars=grammars)
            return list(pool.map(read, texts, chunksize=_CHUNK))
        except (BrokenProcessPool, OSError):
            _pool.cache_clear()
    return [_read(text, grammars) for text in texts]


@functools.lru_cache(maxsize=1)
def _pool(workers: int) -> ProcessPoolExecutor:
    """Kept for the next batch. Spawned: forking a process that has threads can hang it."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=spawn, initializer=exit_with_parent)


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> int:
    """Prepare the grammars ahead of time; 0, or 1 and one line about what is wrong."""
    try:
        print(f"text grammars are ready in {prepare_grammars()}")
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
