import itertools
from collections import Counter
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.covering import CoverageConfig
from pipeline.records import Sentence
from pipeline.sentences import SentencesConfig, check_sentences, describe_domain, generate
from tests.pipeline.test_sampling import texts, tiny

ASSISTANT = Path("prompts/voice_assistant")


def said(config: SentencesConfig, seed: int = 1) -> list[Sentence]:
    return [row for row in generate(config, seed) if isinstance(row, Sentence)]


def test_every_template_then_every_listed_value() -> None:
    config = SentencesConfig(ASSISTANT, 1000, "coverage")
    description = describe_domain(config)
    rows = said(config)
    assert {row.template for row in rows[: len(description.templates)]} == set(
        description.templates
    )
    values = {(slot.name, slot.value) for row in rows for slot in row.slots}
    for name, listed in description.slot_values.items():
        assert {value for slot, value in values if slot == name} == set(listed)


@pytest.mark.parametrize(("t", "size"), [(1, 6), (2, 24), (3, 60)])
def test_every_tuple_comes_before_anything_repeats(tmp_path: Path, t: int, size: int) -> None:
    lexicons = {
        name: "".join(f"{name}{index}\n" for index in range(count))
        for name, count in {"a": 3, "b": 4, "c": 5}.items()
    }
    folder = tiny(tmp_path, "{{ a }} {{ b }} {{ c }}.", **lexicons)
    config = SentencesConfig(folder, size, "coverage", coverage=CoverageConfig(t=t))
    held = {
        group
        for row in said(config)
        for group in itertools.combinations([slot.value for slot in row.slots], t)
    }
    assert len(held) == {1: 12, 2: 12 + 15 + 20, 3: 60}[t]


def test_at_least_twice(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "{{ a }} {{ a }} {{ number }}.", a="x\ny\n")
    config = SentencesConfig(folder, 8, "coverage", coverage=CoverageConfig(at_least=2))
    pairs = Counter(tuple(slot.value for slot in row.slots[:2]) for row in said(config))
    assert set(pairs.values()) == {2}
    assert len(pairs) == 4


def test_seeds_and_exhaustion(tmp_path: Path) -> None:
    config = SentencesConfig(ASSISTANT, 300, "coverage")
    assert texts(config, 1) == texts(config, 1)
    assert texts(config, 1) != texts(config, 2)
    folder = tiny(tmp_path, "{{ a }} {{ b }}\nx z\n", a="x\ny\n", b="z\nw\nv\n")
    assert len(set(texts(SentencesConfig(folder, 6, "coverage")))) == 6
    with pytest.raises(DataError, match="only 6 exist"):
        texts(SentencesConfig(folder, 7, "coverage"))


def test_what_cannot_be_covered_is_an_error_before_work(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"count: 10, but sentences.coverage wants each of \d+"):
        check_sentences(SentencesConfig(ASSISTANT, 10, "coverage"))
    values = "".join(f"v{index}\n" for index in range(400))
    folder = tiny(tmp_path, "{{ a }} {{ a }} {{ a }}", a=values)
    config = SentencesConfig(folder, 10, "coverage", coverage=CoverageConfig(t=3))
    with pytest.raises(DataError, match=r"greet.j2:1: has 64,000,000 groups of 3 slot values"):
        check_sentences(config)
