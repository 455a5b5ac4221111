"""Kokoro-82M through ONNX Runtime, from our own phoneme strings."""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.engines.engine import Saying, Spoken
from models.engines.symbols import kokoro_symbols
from models.errors import DataError
from models.phonology.foreign_accents import parse_accent

MODEL, VOCABULARY, VOICES = "kokoro-v1.0.int8.onnx", "vocab.json", "voices"
SAMPLE_RATE = 24_000
_MOST_SYMBOLS = 510  # a voice has one style vector for every number of symbols
_STYLE = 256

# The better grades of its own card, women and men in balance; and a voice that only whispers.
BETTER = (
    "af_heart", "af_bella", "bf_emma",
    "am_michael", "am_fenrir", "am_puck", "bm_george", "bm_fable",
)  # fmt: skip
WHISPERING = ("af_nicole",)

# What the first letter of a voice's name says of its language, as an accent of English.
_ACCENTS = {
    "a": "en-us", "b": "en-gb", "e": "en-us+es", "f": "en-us+fr", "h": "en-us+hi", "i": "en-us+it",
    "j": "en-us+ja", "p": "en-us+pt", "z": "en-us+zh",
}  # fmt: skip


class KokoroTeacher:
    """The model, its vocabulary and its voices in one folder, as `voxloom teach fetch` leaves them.

    Raises `DataError` when one of them is missing.
    """

    name = "kokoro"
    licence = "Apache-2.0"
    reads_phonemes = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for needed in (MODEL, VOCABULARY, VOICES):
            if not (folder / needed).exists():
                raise DataError(f"{folder / needed}: missing; voxloom teach fetch --to {folder}")
        self.revision = f"kokoro-82m-int8@{_digest(folder / MODEL)[:16]}"
        self.voices: Mapping[str, str] = {
            path.stem: _ACCENTS[path.stem[0]]
            for path in sorted((folder / VOICES).glob(f"[{''.join(_ACCENTS)}][fm]_*.bin"))
        }

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        """Raises `DataError` naming a symbol Kokoro lacks, or a sentence that is too long."""
        foreign = parse_accent(saying.accent).first_language
        native = parse_accent(self.voices[voice]).native
        written = kokoro_symbols(saying.phonemes, saying.accent if foreign else native)
        ids = self._ids(written)
        feeds = {
            "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
            "style": self._styles(voice)[len(ids) - 1].reshape(1, _STYLE),
            "speed": np.array([speed], dtype=np.float32),
        }
        wave = onnx_session(self.folder / MODEL).run(None, feeds)[0]
        return Spoken(np.asarray(wave, np.float32).ravel(), SAMPLE_RATE)

    def _ids(self, written: str) -> list[int]:
        vocabulary = _vocabulary(self.folder / VOCABULARY)
        unknown = [symbol for symbol in written if symbol not in vocabulary]
        if unknown:
            raise DataError(f"`{written}`: Kokoro has no symbol {unknown[0]!r}")
        if len(written) > _MOST_SYMBOLS:
            raise DataError(f"`{written[:40]}...`: {len(written)} symbols; at most {_MOST_SYMBOLS}")
        return [vocabulary[symbol] for symbol in written]

    def _styles(self, voice: str) -> np.ndarray:
        """(510, 256), a vector for every number of symbols."""
        styles = np.fromfile(self.folder / VOICES / f"{voice}.bin", dtype="<f4")
        return styles.reshape(-1, _STYLE)


@functools.cache
def _vocabulary(path: Path) -> dict[str, int]:
    vocabulary: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["vocab"]
    return vocabulary


@functools.cache
def onnx_session(model: Path) -> Any:
    """One thread: rendering runs in as many processes as are wanted. Raises `DataError` without
    ONNX Runtime.
    """
    try:
        import onnxruntime
    except ImportError:
        raise DataError("onnxruntime is not installed; pip install -e '.[teach]'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
