"""A prepared voice: the folder that `voxloom voices import` writes and sherpa-onnx speaks from.

model.onnx  tokens.txt  voice.yaml      and voices.bin for Kokoro
"""

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.config import build, read_yaml
from models.content import file_digest
from models.errors import ConfigError, DataError
from models.file_state import file_state
from models.text_files import read_lines

MODEL, TOKENS, VOICES, CARD = "model.onnx", "tokens.txt", "voices.bin", "voice.yaml"
_MOST_SCALE = 10.0
_FILES = {"vits": (MODEL, TOKENS, CARD), "kokoro": (MODEL, TOKENS, VOICES, CARD)}


@dataclass(frozen=True, slots=True)
class PreparedVoice:
    """What `voice.yaml` says. `speakers` are in the order of the model's own numbers; `made_of` is
    the file that was imported, with its SHA-256. How much a Piper voice varies and how long its
    sounds are is what its author set.
    """

    kind: Literal["vits", "kokoro"]
    license: str
    speakers: tuple[str, ...]
    made_of: str = ""
    noise_scale: float = 0.667
    noise_w: float = 0.8
    length_scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.license.strip():
            raise ValueError("license: the licence of the voice is needed")
        if not self.speakers or len(set(self.speakers)) < len(self.speakers):
            raise ValueError("speakers: at least one is needed, each name once")
        for name in ("noise_scale", "noise_w", "length_scale"):
            value = getattr(self, name)
            if not 0 <= value <= _MOST_SCALE or (name == "length_scale" and not value):
                raise ValueError(f"{name}: {value}; up to {_MOST_SCALE:g} is allowed, from 0 on")


def read_prepared(folder: Path) -> PreparedVoice:
    """What the folder holds. Raises `DataError` where it is no prepared voice, or lacks a file."""
    if not (folder / CARD).is_file():
        raise DataError(
            f"{folder}: no voice.yaml there; voxloom voices import piper FILE --to DIR makes a "
            "folder of a Piper voice, voxloom voices import kokoro DIR --to DIR one of Kokoro"
        )
    try:
        voice = build(PreparedVoice, read_yaml(folder / CARD), where=str(folder / CARD))
    except ConfigError as error:
        raise DataError(str(error)) from None
    for path in files_of(folder, voice):
        if not path.is_file():
            raise DataError(f"{path}: missing; import the voice again")
    return voice


def files_of(folder: Path, voice: PreparedVoice) -> Iterator[Path]:
    """The files that decide what the voice sounds like."""
    return (folder / name for name in _FILES[voice.kind])


def digest_of(folder: Path, voice: PreparedVoice) -> str:
    """16 hex digits over its files."""
    digests = (file_digest(path) for path in files_of(folder, voice))
    return hashlib.blake2b(b"".join(digests), digest_size=8).hexdigest()


def symbols_of(folder: Path) -> frozenset[str]:
    """The signs that the model knows. Raises `DataError` naming the file."""
    return _symbols(folder / TOKENS, str(file_state(folder / TOKENS)))


@functools.lru_cache(maxsize=64)
def _symbols(path: Path, state: str) -> frozenset[str]:
    """`state` is there for the cache alone."""
    return frozenset(line.rpartition(" ")[0] for line in read_lines(path, "tokens") if line)
