"""Prepared voices through sherpa-onnx, from our own phonemes: Piper's and Kokoro's."""

import functools
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.engines.engine import Saying, Spoken
from models.engines.prepared import (
    MODEL,
    TOKENS,
    VOICES,
    digest_of,
    read_prepared,
    symbols_of,
)
from models.engines.symbols import kokoro_symbols, piper_symbols
from models.errors import DataError, shortened

LICENCE = "Apache-2.0"  # of the engine itself
_MOST_SYMBOLS = 500  # Kokoro has a style for each number of symbols up to 510


class SherpaEngine:
    """A prepared voice, loaded when it first speaks. Raises `DataError` where the folder holds
    none, or sherpa-onnx is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.voice = folder, read_prepared(folder)
        installed_release()

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        """Raises `DataError` naming a symbol that the model lacks, or what it answered."""
        import sherpa_onnx

        asked = sherpa_onnx.GenerationConfig()
        asked.sid, asked.speed = self.voice.speakers.index(voice), speed
        asked.phoneme_codepoints = [[ord(sign) for sign in self._written(saying)]]
        try:
            spoken = _loaded(self._folder, digest_of(self._folder, self.voice)).generate("", asked)
        except RuntimeError as error:
            raise DataError(f"sherpa-onnx: {shortened(str(error))}") from None
        wave = np.asarray(spoken.samples, np.float32)
        if not len(wave):
            raise DataError("sherpa-onnx returned no sound")
        return Spoken(wave, int(spoken.sample_rate))

    def _written(self, saying: Saying) -> str:
        if self.voice.kind == "kokoro":
            written = kokoro_symbols(saying.phonemes, saying.accent)
        else:
            written = piper_symbols(saying.phonemes)
        unknown = [sign for sign in written if sign not in symbols_of(self._folder)]
        if unknown:
            raise DataError(f"`{shortened(written)}`: {self._folder.name} lacks {unknown[0]!r}")
        if len(written) > _MOST_SYMBOLS:
            raise DataError(f"{len(written)} phonetic symbols; at most {_MOST_SYMBOLS}")
        return written


def installed_release() -> str:
    """What rows call the engine: `sherpa-onnx@2.0.1`. Raises `DataError` where it is missing."""
    try:
        return f"sherpa-onnx@{version('sherpa-onnx')}"
    except ModuleNotFoundError:
        raise DataError("sherpa-onnx is not installed; pip install 'voxloom[engines]'") from None


@functools.lru_cache(maxsize=8)
def _loaded(folder: Path, digest: str) -> Any:
    """One thread: shards are spoken side by side. `digest` is there for the cache alone."""
    import sherpa_onnx

    model, tokens = str(folder / MODEL), str(folder / TOKENS)
    if (folder / VOICES).is_file():
        kokoro = sherpa_onnx.OfflineTtsKokoroModelConfig(
            model=model, tokens=tokens, voices=str(folder / VOICES)
        )
        network = sherpa_onnx.OfflineTtsModelConfig(kokoro=kokoro, num_threads=1)
    else:
        voice = read_prepared(folder)
        vits = sherpa_onnx.OfflineTtsVitsModelConfig(
            model=model,
            tokens=tokens,
            noise_scale=voice.noise_scale,
            noise_scale_w=voice.noise_w,
            length_scale=voice.length_scale,
        )
        network = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=1)
    config = sherpa_onnx.OfflineTtsConfig(model=network, silence_scale=1.0)
    if not config.validate():
        raise DataError(f"{folder}: sherpa-onnx cannot load it; import the voice again")
    return sherpa_onnx.OfflineTts(config)
