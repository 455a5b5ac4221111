"""Speech from an OpenAI-compatible endpoint: asked within pace and budget, and kept, so that no
sentence is asked for twice.

    CACHE/3f/3f9a2c1b04de....wav
"""

import functools
import hashlib
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.atomic import write_once
from models.cache_folder import cache_folder
from models.config import resolve_path
from models.engines.engine import Saying, Spoken
from models.errors import DataError
from pipeline.audio.files import decode_audio
from pipeline.endpoint.endpoint import open_endpoint
from pipeline.endpoint.failures import UnusableReply
from pipeline.speech.character_budget import CharacterBudget
from pipeline.speech.sources import EndpointSource

if TYPE_CHECKING:
    from pipeline.endpoint.client import EndpointClient

_LARGEST_BODY = 64_000_000  # bytes


class SpeechEndpoint:
    """An engine over HTTP; `key` is the source's in the config. The client is opened when the first
    sentence is not kept.
    """

    def __init__(self, source: EndpointSource, key: str) -> None:
        self._source, self._key = source, key
        self._budget = CharacterBudget(source.budget, key)
        folder = source.endpoint.cache
        self._cache = resolve_path(folder) if folder else cache_folder() / "speech"
        self._opening = threading.Lock()

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        """Raises `DataError` for an endpoint that cannot be used, or a kept answer that is none."""
        asked = self._asked(saying.text, voice, speed)
        path = self._path(asked)
        if not path.is_file():
            write_once(path, self._ask(asked))
        try:
            return _read(path.read_bytes())
        except UnusableReply:
            raise DataError(
                f"{path}: this kept answer of an endpoint is damaged; delete it"
            ) from None

    def _asked(self, text: str, voice: str, speed: float) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": self._source.model, "voice": voice, "input": text}
        asked |= {"speed": round(speed, 2), "response_format": self._source.format}
        instructions = self._source.instructions
        return asked | ({"instructions": instructions} if instructions else {})

    def _path(self, asked: dict[str, Any]) -> Path:
        content = json.dumps(asked, sort_keys=True).encode()
        name = hashlib.blake2b(content, digest_size=16).hexdigest()
        return self._cache / name[:2] / f"{name}.{self._source.format}"

    def _ask(self, asked: dict[str, Any]) -> bytes:
        import openai

        client = self._client

        def attempt() -> bytes:
            client.wait_for_slot()
            self._budget.spend(len(asked["input"]))
            try:
                speech: Any = client.openai.audio.speech
                body = client.send(speech, asked)
            except openai.APIStatusError as error:
                client.explain(error, self._source.model)
            _read(body)
            return body

        return client.patiently(attempt)

    @property
    def _client(self) -> "EndpointClient":
        with self._opening:
            return self._opened

    @functools.cached_property
    def _opened(self) -> "EndpointClient":
        from pipeline.endpoint.client import EndpointClient

        config = self._source.endpoint
        endpoint = open_endpoint(config, self._key)
        return EndpointClient(endpoint, config, self._key, "speech", _LARGEST_BODY)


def check_speech_endpoint(source: EndpointSource, key: str) -> None:
    """Raise `DataError` for an address or a key that is missing; nothing is sent."""
    open_endpoint(source.endpoint, key)


def _read(body: bytes) -> Spoken:
    try:
        wave, rate = decode_audio(body)
    except DataError:
        raise UnusableReply(
            "it answered what is no sound; is this a speech endpoint, and does it know the format?"
        ) from None
    if not len(wave) or not np.isfinite(wave).all():
        raise UnusableReply("it answered a sound without samples; choose another voice or format")
    return Spoken(wave, rate)
