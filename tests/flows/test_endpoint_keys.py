import os
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.system import Secret

from flows.endpoint_keys import endpoint_keys
from models.config import load_config
from models.errors import DataError
from pipeline.build.config import BuildConfig

VARIABLE = "TINY_KEY"
CONFIG = """
name: tiny
sentences:
  domain: prompts/banking_agent
  count: 10
  language_model:
    share: 1
    model: tiny
    endpoint: {{api_key_variable: TINY_KEY, api_key_block: {block}}}
voice: {{acoustic_model: fastspeech2, vocoder: vocos}}
output: {{path: data/tiny}}
"""


def config(tmp_path: Path, block: str) -> BuildConfig:
    path = tmp_path / "build.yaml"
    path.write_text(CONFIG.format(block=block))
    return load_config(BuildConfig, path)


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Prefect's Secret blocks by name, without the server that holds them."""
    held: dict[str, Any] = {}

    def load(name: str) -> Secret[Any]:
        if name not in held:
            raise ValueError(f"Unable to find block document named {name}")
        return Secret(value=held[name])

    monkeypatch.setattr(Secret, "load", load)
    monkeypatch.setattr("flows.local_server.start_local_server", lambda: None)
    return held


def test_the_key_is_in_the_environment_while_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: dict[str, Any]
) -> None:
    blocks["tiny-key"] = "sk-of-the-block"
    monkeypatch.delenv(VARIABLE, raising=False)
    with endpoint_keys(config(tmp_path, "tiny-key")):
        assert os.environ[VARIABLE] == "sk-of-the-block"
    assert VARIABLE not in os.environ
    monkeypatch.setenv(VARIABLE, "set by hand")
    with (
        pytest.raises(RuntimeError, match="interrupted"),
        endpoint_keys(config(tmp_path, "tiny-key")),
    ):
        raise RuntimeError("interrupted")
    assert os.environ[VARIABLE] == "set by hand"


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("tiny-list", "api_key_block: `tiny-list`: the block holds no text"),
        ("tiny-empty", "api_key_block: `tiny-empty`: the block holds no text"),
        ("nobody", "api_key_block: `nobody`: Prefect has no Secret block of this name"),
    ],
)
def test_a_block_that_holds_no_key_is_named(
    tmp_path: Path, blocks: dict[str, Any], block: str, complaint: str
) -> None:
    blocks |= {"tiny-list": ["no", "text"], "tiny-empty": " "}
    with pytest.raises(DataError, match=complaint), endpoint_keys(config(tmp_path, block)):
        pass


def test_without_a_block_the_environment_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "set by hand")
    with endpoint_keys(config(tmp_path, "null")):
        assert os.environ[VARIABLE] == "set by hand"
