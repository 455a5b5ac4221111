import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.text import normalize as normalize_module
from pipeline.text.normalize import normalize, prepare_grammars
from tests.pipeline.normalization_pairs import PAIRS


@pytest.mark.parametrize("kind", PAIRS)
def test_written_is_read_as(kind: str) -> None:
    texts = [written for written, _ in PAIRS[kind]]
    assert list(zip(texts, normalize(texts, workers=1), strict=True)) == PAIRS[kind]


def test_plain_text_needs_no_grammars(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert normalize(["Call Mom."], grammar_cache=cache) == ["Call Mom."]
    assert not cache.exists()


def test_worker_processes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.text.normalize._PARALLEL_FROM", 8)
    config = SentencesConfig(Path("prompts/voice_assistant"), 80)
    texts = [sentence.text for sentence in generate(config, seed=5)]
    parallel = normalize(texts, workers=2)
    assert multiprocessing.active_children()
    assert parallel == normalize(texts, workers=1)
    assert not any(character.isdigit() for text in parallel for character in text)


def test_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match=r"file.*VOXLOOM_CACHE or text\.grammar_cache"):
        normalize(["in 1989"], grammar_cache=tmp_path / "file")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """How often grammars were compiled: here of a small file, which they are a copy of."""
    runs = list[str]()
    source = tmp_path / "nemo" / "data" / "months.tsv"
    source.parent.mkdir(parents=True)
    source.write_text("one")

    def compile_into(folder: str) -> None:
        runs.append(source.read_text())
        (Path(folder) / "grammar.far").write_text(source.read_text())

    monkeypatch.setattr(normalize_module, "_load_nemo", compile_into)
    monkeypatch.setattr(normalize_module, "_english", lambda: tmp_path / "nemo")
    normalize_module._release.cache_clear()
    yield runs
    normalize_module._release.cache_clear()


def test_grammars_are_those_of_their_sources(compiled: list[str], tmp_path: Path) -> None:
    """Other sources of the same names, sizes and release are another entry."""
    first = prepare_grammars(tmp_path / "cache")
    assert prepare_grammars(tmp_path / "cache") == first
    (tmp_path / "nemo/data/months.tsv").write_text("two")
    normalize_module._release.cache_clear()
    assert prepare_grammars(tmp_path / "cache") != first
    assert compiled == ["one", "two"]


@pytest.mark.parametrize("damage", ["changed", "lost"])
def test_damaged_grammars_are_compiled_again(
    compiled: list[str], tmp_path: Path, damage: str
) -> None:
    grammar = prepare_grammars(tmp_path / "cache") / "grammar.far"
    if damage == "changed":
        grammar.write_text("ono")
    else:
        grammar.unlink()
    assert (prepare_grammars(tmp_path / "cache") / "grammar.far").read_text() == "one"
    assert compiled == ["one", "one"]
