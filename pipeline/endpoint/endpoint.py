"""The address and key of an endpoint, from the environment."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from models.errors import DataError

_OPENAI = "https://api.openai.com/v1"
_SHORTEST_SECRET = 8  # `none` and `EMPTY` are keys of local servers, and words


@dataclass(frozen=True)
class EndpointConfig:
    """Which endpoint is asked, how fast and how patiently; nothing here changes a row.

    The names of the two environment variables; without the first, OpenAI is asked.
    `api_key_block` is a Prefect Secret block that holds the key instead. `cache` keeps every
    answer (null: with the other caches of this user).
    """

    base_url_variable: str = "OPENAI_BASE_URL"
    api_key_variable: str = "OPENAI_API_KEY"
    api_key_block: str | None = None
    cache: Path | None = None
    requests_per_minute: float = 60.0
    concurrency: int = 2  # requests on their way at a time
    timeout_s: float = 120.0
    attempts: int = 5
    retry_delay_s: float = 1.0  # before the second attempt; doubled before each further one
    max_wait_s: float = 120.0  # for an endpoint that asks to come back later

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "timeout_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: {getattr(self, name)}; above 0 is needed")
        for name in ("retry_delay_s", "max_wait_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: {getattr(self, name)}; 0 or more is needed")
        if not 1 <= self.concurrency <= 16:
            raise ValueError(f"concurrency: {self.concurrency}; 1 to 16 is allowed")
        if not 1 <= self.attempts <= 20:
            raise ValueError(f"attempts: {self.attempts}; 1 to 20 is allowed")
        for name in ("base_url_variable", "api_key_variable"):
            if not getattr(self, name).isidentifier():
                value = getattr(self, name)
                raise ValueError(f"{name}: {value!r}; the name of an environment variable")

    @property
    def key_source(self) -> str:
        """Where the key is looked for, as messages say it."""
        block = f" (from the Prefect block `{self.api_key_block}`)" if self.api_key_block else ""
        return f"${self.api_key_variable}{block}"


@dataclass(frozen=True)
class Endpoint:
    """An address with its key. The key is in no text that this class gives."""

    base_url: str
    api_key: str = field(repr=False)

    @property
    def location(self) -> str:
        """The address without what may be secret in it."""
        parts = urlsplit(self.base_url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"

    def redact(self, text: str) -> str:
        """`text` without the key, in case the endpoint quotes it."""
        return text.replace(self.api_key, "***") if len(self.api_key) >= _SHORTEST_SECRET else text


def has_key(config: EndpointConfig) -> bool:
    return bool(os.environ.get(config.api_key_variable, "").strip())


def open_endpoint(config: EndpointConfig, section: str) -> Endpoint:
    """The endpoint that the environment names; `section` is that of the config.

    Raises `DataError` saying what is missing.
    """
    base_url = os.environ.get(config.base_url_variable, "").strip() or _OPENAI
    key = os.environ.get(config.api_key_variable, "").strip()
    if not _is_address(base_url):
        raise DataError(
            f"${config.base_url_variable}: not an address; something like "
            "https://api.openai.com/v1 or http://localhost:8000/v1 is needed"
        )
    endpoint = Endpoint(base_url, key)
    if not key:
        raise DataError(
            f"{endpoint.location}: no key in {config.key_source}; set it (a local server takes any "
            f"text), or name a Prefect block in {section}.endpoint.api_key_block"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise DataError(
            f"{endpoint.location}: the key in {config.key_source} holds a space or a sign that no "
            "key can hold; copy it again"
        )
    return endpoint


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False
