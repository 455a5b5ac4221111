"""A whole build whose sentences a language model wrote, at an endpoint on this machine."""

from pathlib import Path

import pytest
import yaml

from pipeline.build.config import load_build_config
from pipeline.build.stages import plan
from pipeline.dataset.files import read_build
from tests.pipeline.sentences.language_model.chat.chat_server import (
    KEY,
    Answer,
    Received,
    sentences,
    serving,
)
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices

SAID = (
    "Could somebody switch the lamp off, please?",
    "I can never find my radio when I need it.",
    "It is far too dark in here.",
    "Whatever happened to the heater?",
)


def say_a_lamp(_: int, __: Received) -> Answer:
    lamp = {"name": "thing", "value": "lamp"}
    items = [{"text": text, "intent": "ask", "slots": []} for text in SAID]
    return sentences([items[0] | {"slots": [lamp]}, *items[1:], "Not of this domain."])


@pytest.fixture
def config(tmp_path: Path, tiny_voices: TinyVoices) -> Path:
    path = write_tiny_build(tmp_path, tiny_voices, count=8)
    (tmp_path / "home" / "prompts").mkdir()
    (tmp_path / "home" / "prompts" / "ask.prompt.j2").write_text("{{ number }} questions.")
    settings = yaml.safe_load(path.read_text())
    settings["sentences"]["language_model"] = {
        "share": 0.5,
        "model": "tiny",
        "endpoint": {"cache": str(tmp_path / "kept"), "requests_per_minute": 60_000},
    }
    path.write_text(yaml.safe_dump(settings))
    return path


def test_a_dataset_tells_who_wrote_a_sentence_and_never_the_key(
    monkeypatch: pytest.MonkeyPatch, config: Path, tmp_path: Path
) -> None:
    job = plan(load_build_config(config))
    with serving(monkeypatch, say_a_lamp) as server:
        dataset = run_stages(job)
    assert len(server.received) == 1
    written = {row["text"]: row for row in rows_by_id(dataset).values()}
    assert {row["source"] for row in written.values()} == {"language_model", "templates"}
    assert {text for text, row in written.items() if row["source"] == "language_model"} == {*SAID}
    lamp = written[SAID[0]]
    assert lamp["template"].startswith("ask.prompt:")
    assert [(slot["name"], slot["value"]) for slot in lamp["slots"]] == [("thing", "lamp")]
    assert read_build(dataset)["config"]["sentences"]["language_model"]["model"] == "tiny"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
