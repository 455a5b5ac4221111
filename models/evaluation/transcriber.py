"""Transcripts by pocketsphinx: a recognizer independent of our models.

Its PyPI wheel brings the US English acoustic model, dictionary and language model that are
used here, all with their default settings. It needs about as long as the clips last, so what
it heard is kept on disk by the samples it was given.
"""

import functools
import hashlib
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import DataError
from models.phonology.phonemes import words_of
from models.recognition.edit_distance import edit_distance

SAMPLE_RATE = 16000
# Two spellings of one word are no error; both sides are brought to the right-hand one.
_SPELLINGS = {"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay"}


def check_transcriber() -> None:
    """Raise `DataError` saying how to install pocketsphinx where it is missing."""
    if find_spec("pocketsphinx") is None:
        raise DataError("pocketsphinx is not installed: pip install -e '.[bench]'")


def transcribe(waves: Sequence[np.ndarray], cache: Path, jobs: int = 1) -> list[str]:
    """What pocketsphinx hears in 16 kHz int16 waves (S,), in `jobs` processes.

    `cache` is a file of JSON lines that grows by what it did not hold yet.
    """
    check_transcriber()
    known = _read_cache(cache)
    keys = [_key(wave) for wave in waves]
    new = {key: wave for key, wave in zip(keys, waves, strict=True) if key not in known}
    cache.parent.mkdir(parents=True, exist_ok=True)
    with cache.open("a", encoding="utf-8") as file:
        for key, text in zip(new, _hear_all(list(new.values()), jobs), strict=True):
            known[key] = text
            file.write(json.dumps([key, text]) + "\n")
            file.flush()
    return [known[key] for key in keys]


def word_errors(hypothesis: str, meant: str) -> tuple[int, int]:
    """Word errors of a transcript, and the number of words of the reference."""
    reference = _spelled(meant)
    return edit_distance(_spelled(hypothesis), reference), len(reference)


def _spelled(text: str) -> list[str]:
    return [_SPELLINGS.get(word, word) for word in words_of(text)]


def _hear_all(waves: list[np.ndarray], jobs: int) -> Iterator[str]:
    if jobs < 2 or len(waves) < 2:
        yield from map(_hear, waves)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(_hear, waves)


@functools.cache
def _decoder() -> Any:
    """One a process: it takes a second and 200 MB."""
    from pocketsphinx import Decoder

    return Decoder(samprate=float(SAMPLE_RATE), cmn="batch", loglevel="FATAL")


def _hear(wave: np.ndarray) -> str:
    decoder = _decoder()
    decoder.start_utt()
    # A whole utterance at once: its cepstral mean is its own, not that of the clips before it.
    decoder.process_raw(wave.tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return "" if hypothesis is None else str(hypothesis.hypstr)


def _key(wave: np.ndarray) -> str:
    digest = hashlib.blake2b(version("pocketsphinx").encode(), digest_size=12)
    digest.update(np.ascontiguousarray(wave).tobytes())
    return digest.hexdigest()


def _read_cache(cache: Path) -> dict[str, str]:
    if not cache.is_file():
        return {}
    known = {}
    for line in cache.read_text(encoding="utf-8").splitlines():
        try:
            key, text = json.loads(line)
        except ValueError:  # the line that a kill cut off
            continue
        known[key] = text
    return known
