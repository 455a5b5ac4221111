import pytest

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.endpoint.endpoint import (
    Endpoint,
    EndpointConfig,
    has_key,
    open_endpoint,
)

SECTION = "sentences.language_model"
CONFIG = EndpointConfig(base_url_variable="TINY_URL", api_key_variable="TINY_KEY")


def test_without_an_address_it_is_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINY_URL", raising=False)
    monkeypatch.setenv("TINY_KEY", " a-key-of-mine ")
    assert open_endpoint(CONFIG, SECTION) == Endpoint("https://api.openai.com/v1", "a-key-of-mine")
    assert has_key(CONFIG)


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_URL", "http://localhost:8000/v1")
    monkeypatch.delenv("TINY_KEY", raising=False)
    assert not has_key(CONFIG)
    with pytest.raises(DataError, match=r"^http://localhost:8000/v1: no key in \$TINY_KEY; set"):
        open_endpoint(CONFIG, SECTION)
    blocked = EndpointConfig("TINY_URL", "TINY_KEY", api_key_block="my-key")
    with pytest.raises(DataError, match=r"from the Prefect block `my-key`"):
        open_endpoint(blocked, SECTION)


@pytest.mark.parametrize("key", ["two words-of-secret", "line\nbreak-secret", "schlüssel-secret"])
def test_a_key_that_cannot_be_sent_is_not_told(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("TINY_URL", "http://localhost:8000/v1")
    monkeypatch.setenv("TINY_KEY", key)
    with pytest.raises(DataError, match="copy it again") as caught:
        open_endpoint(CONFIG, SECTION)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://", "http://host:x/v1"])
def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TINY_URL", url)
    monkeypatch.setenv("TINY_KEY", "key")
    with pytest.raises(DataError, match=r"^\$TINY_URL: not an address"):
        open_endpoint(CONFIG, SECTION)


def test_no_text_of_an_endpoint_holds_a_secret() -> None:
    endpoint = Endpoint("https://me:pass-word@host:8443/v1?token=abc", "sk-0123456789")
    assert endpoint.location == "https://host:8443/v1"
    assert "sk-0123456789" not in repr(endpoint)
    assert endpoint.redact("your sk-0123456789!") == "your ***!"
    assert Endpoint("http://host/v1", "none").redact("none at all") == "none at all"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"requests_per_minute": 0.0}, "requests_per_minute: 0.0; above 0"),
        ({"concurrency": 99}, "concurrency: 99; 1 to 16"),
        ({"attempts": 0}, "attempts: 0; 1 to 20"),
        ({"max_wait_s": -1.0}, "max_wait_s: -1.0; 0 or more"),
        ({"api_key_variable": "sk-0123"}, "api_key_variable: .*the name of an environment"),
        ({"api_key": "sk-0123"}, "api_key: unknown key"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        build(EndpointConfig, settings, "x.yaml")
