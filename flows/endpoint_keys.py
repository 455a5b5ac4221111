"""The keys of endpoints, out of Prefect Secret blocks for as long as they are used.

The stages find them in the environment, like keys that were set by hand. They are handed on in no
parameter, so they are in no task run, log, shard or `build.json`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from models.errors import DataError
from pipeline.build.config import BuildConfig
from pipeline.endpoint.endpoint import EndpointConfig
from pipeline.speech.sources import EndpointSource


@contextmanager
def endpoint_keys(config: BuildConfig) -> Iterator[None]:
    """Put the keys into the environment, where the config names blocks.

    Raises `DataError` naming a block that is not there, or that holds no text.
    """
    keys = {
        endpoint.api_key_variable: _secret_of(section, endpoint.api_key_block)
        for section, endpoint in _endpoints(config)
        if endpoint.api_key_block is not None
    }
    before = {variable: os.environ.get(variable) for variable in keys}
    os.environ.update(keys)
    try:
        yield
    finally:
        for variable, value in before.items():
            os.environ.pop(variable)
            if value is not None:
                os.environ[variable] = value


def needs_prefect(config: BuildConfig) -> bool:
    """Whether a block holds a key, so that Prefect is asked before anything is checked."""
    return any(endpoint.api_key_block is not None for _, endpoint in _endpoints(config))


def _endpoints(config: BuildConfig) -> Iterator[tuple[str, EndpointConfig]]:
    """The endpoints that a build asks, each with its section of the config."""
    if config.sentences.language_model is not None:
        yield "sentences.language_model", config.sentences.language_model.endpoint
    for index, source in enumerate(config.voice.sources):
        if isinstance(source, EndpointSource):
            yield f"voice.sources[{index}]", source.endpoint


def _secret_of(section: str, block: str) -> str:
    from prefect.blocks.system import Secret

    from flows.local_server import start_local_server

    start_local_server()
    where = f"{section}.endpoint.api_key_block: `{block}`"
    try:
        value = cast(Secret[Any], Secret.load(block)).get()
    except ValueError:
        raise DataError(
            f"{where}: Prefect has no Secret block of this name; add it in Prefect's interface "
            f"under Blocks, or by Secret(value=...).save({block!r})"
        ) from None
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: the block holds no text; a key is needed")
    return value
