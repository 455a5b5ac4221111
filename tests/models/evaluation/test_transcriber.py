import json
from pathlib import Path

import jiwer
import numpy as np
import pytest

from models.errors import DataError
from models.evaluation import transcriber
from models.evaluation.transcriber import transcribe, word_errors

PAIRS = [
    ("turn on the light", "Turn on the light."),
    ("turn of the lights", "Turn on the light."),
    ("", "How much was it?"),
    ("how how much was it now", "How much was it?"),
    ("mister smith", "Mr. Smith"),
]


@pytest.mark.parametrize(
    ("result", "meant", "errors"),
    [(*pair, errors) for pair, errors in zip(PAIRS, (0, 2, 4, 2, 0), strict=True)],
)
def test_word_errors(result: str, meant: str, errors: int) -> None:
    assert word_errors(result, meant)[0] == errors


def test_rate_is_jiwers() -> None:
    counts = [word_errors(*pair) for pair in PAIRS[:4]]
    rate = sum(errors for errors, _ in counts) / sum(words for _, words in counts)
    references = ["turn on the light"] * 2 + ["how much was it"] * 2
    assert rate == pytest.approx(jiwer.wer(references, [result for result, _ in PAIRS[:4]]))


def test_what_was_heard_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcriber, "check_transcriber", lambda: None)
    monkeypatch.setattr(transcriber, "version", lambda name: "1")
    waves = [np.zeros(160, np.int16), np.ones(160, np.int16)]
    cache = tmp_path / "cache" / "heard.jsonl"
    cache.parent.mkdir()
    lines = [[transcriber._key(wave), text] for wave, text in zip(waves, "ab", strict=True)]
    cut_off = '["1234'
    cache.write_text("\n".join([*map(json.dumps, lines), cut_off]))
    assert transcribe(waves[::-1], cache) == ["b", "a"]


def test_missing_pocketsphinx_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcriber, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pip install -e '\.\[bench\]'"):
        transcriber.check_transcriber()


def test_silence_is_heard_as_nothing_much_whatever_came_before(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    rng = np.random.default_rng(0)
    hiss = rng.integers(-50, 50, 8000).astype(np.int16)
    loud = rng.integers(-9000, 9000, 8000).astype(np.int16)
    first = transcribe([hiss], tmp_path / "a.jsonl")
    assert transcribe([loud, hiss], tmp_path / "b.jsonl")[1] == first[0]
