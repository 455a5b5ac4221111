"""The key of a language model's endpoint, out of a Prefect Secret block for as long as it is used.

The stages find it in the environment, like a key that was set by hand. It is handed on in no
parameter, so it is in no task run, log, shard or `build.json`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from models.errors import DataError
from pipeline.build.config import BuildConfig


@contextmanager
def language_model_key(config: BuildConfig) -> Iterator[None]:
    """Put the key into the environment, if the config names a block.

    Raises `DataError` naming a block that is not there, or that holds no text.
    """
    section = config.sentences.language_model
    if section is None or not needs_prefect(config):
        yield
        return
    variable = section.endpoint.api_key_variable
    before = os.environ.get(variable)
    os.environ[variable] = _secret_of(str(section.endpoint.api_key_block), config)
    try:
        yield
    finally:
        os.environ.pop(variable)
        if before is not None:
            os.environ[variable] = before


def needs_prefect(config: BuildConfig) -> bool:
    """Whether a block holds the key, so that Prefect is asked before anything is checked."""
    section = config.sentences.language_model
    return section is not None and section.endpoint.api_key_block is not None


def _secret_of(block: str, config: BuildConfig) -> str:
    from prefect.blocks.system import Secret

    from flows.local_server import start_local_server

    start_local_server(share=config.runtime.runner != "threads")
    where = f"sentences.language_model.endpoint.api_key_block: `{block}`"
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
