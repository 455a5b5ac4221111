import multiprocessing
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.text.normalize import normalize, prepare_grammars
from tests.pipeline.normalization_pairs import PAIRS

EVERY_PAIR = [pair for pairs in PAIRS.values() for pair in pairs]


@pytest.fixture(scope="module")
def spoken() -> dict[str, str]:
    texts = [written for written, _ in EVERY_PAIR]
    return dict(zip(texts, normalize(texts, workers=1), strict=True))


@pytest.mark.parametrize(("written", "expected"), EVERY_PAIR)
def test_written_is_read_as(written: str, expected: str, spoken: dict[str, str]) -> None:
    assert spoken[written] == expected


def test_plain_text_needs_no_grammars(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert normalize(["Call Mom."], grammar_cache=cache) == ["Call Mom."]
    assert not cache.exists()


def test_worker_processes_change_nothing() -> None:
    config = SentencesConfig(Path("prompts/voice_assistant"), 260)
    texts = [sentence.text for sentence in generate(config, seed=5)]
    parallel = normalize(texts, workers=2)
    assert multiprocessing.active_children()
    assert parallel == normalize(texts, workers=1)
    assert not any(character.isdigit() for text in parallel for character in text)


def test_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match=r"file.*VOXLOOM_CACHE or text\.grammar_cache"):
        normalize(["at 5"], grammar_cache=tmp_path / "file")


def test_damaged_cache_is_named(tmp_path: Path) -> None:
    good = prepare_grammars()
    damaged = tmp_path / good.name
    damaged.mkdir()
    for file in good.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match="grammar cache is damaged"):
        normalize(["at 5"], grammar_cache=tmp_path)
