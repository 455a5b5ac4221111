"""Every synthesizer says the sentences of a build; one that is not there is named."""

import argparse
import json
import shutil
from pathlib import Path

import pytest

from benchmarks.peers import ENGINES, measure
from models.errors import DataError
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


@pytest.fixture
def options(tmp_path: Path, tiny_voices: TinyVoices) -> argparse.Namespace:
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps(["Turn on the fan.", "Where is my lamp?", "Stop."]))
    config = write_tiny_build(tmp_path, tiny_voices)
    return argparse.Namespace(config=config, sentences=2, texts=texts, kokoro=None, piper=None)


@pytest.mark.parametrize("name", ["espeak-ng", "voxloom say", "flite"])
def test_sentences_are_said(name: str, options: argparse.Namespace) -> None:
    if name == "flite" and shutil.which("flite") is None:
        pytest.skip("flite is not installed")
    found = measure(name, options)
    assert found.audio_s > 0.3
    assert found.speak_s >= 0  # of a clock of 10 ms
    assert found.peak_mib > 10


@pytest.mark.parametrize("name", ["kokoro", "piper"])
def test_what_is_missing_is_named(name: str, options: argparse.Namespace) -> None:
    with pytest.raises(DataError, match=f"--{name}: "):
        ENGINES[name](options)
