import dataclasses
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import entropy

from models.errors import DataError
from models.phonology.phonemes import Phonemizer
from pipeline.records import Sentence
from pipeline.sentences.covering.covering import CoverageConfig
from pipeline.sentences.covering.diphones import breaths_of, diphones_of
from pipeline.sentences.drawing.sentence_filter import FilterConfig
from pipeline.sentences.generate import (
    SentencesConfig,
    check_sentences,
    describe_domain,
    generate,
)
from tests.pipeline.sentences.drawing.test_sampling import texts, tiny

ASSISTANT = Path("prompts/voice_assistant")
PARTIAL = CoverageConfig(partial=True)


def output(config: SentencesConfig, seed: int = 1) -> list[Sentence]:
    return [row for row in generate(config, seed) if isinstance(row, Sentence)]


def test_every_template_then_every_listed_value() -> None:
    config = SentencesConfig(ASSISTANT, 1000, "coverage", coverage=PARTIAL)
    description = describe_domain(config)
    rows = output(config)
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
        for row in output(config)
        for group in itertools.combinations([slot.value for slot in row.slots], t)
    }
    assert len(held) == {1: 12, 2: 12 + 15 + 20, 3: 60}[t]


def test_at_least_twice(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "{{ a }} {{ a }} {{ number }}.", a="x\ny\n")
    config = SentencesConfig(folder, 8, "coverage", coverage=CoverageConfig(at_least=2))
    pairs = Counter(tuple(slot.value for slot in row.slots[:2]) for row in output(config))
    assert set(pairs.values()) == {2}
    assert len(pairs) == 4


@pytest.mark.parametrize(("t", "times", "size"), [(1, 2, 10), (1, 3, 12), (2, 2, 20), (2, 3, 30)])
@pytest.mark.parametrize("balance", [True, False])
def test_at_least_so_often_whatever_the_template_has_said(
    tmp_path: Path, t: int, times: int, size: int, balance: bool
) -> None:
    """What covers most is at some point a sentence that was said already."""
    folder = tiny(
        tmp_path,
        "{{ a }} {{ b }} {{ c }} {{ d }}.",
        a="x\ny\nz\n",
        b="k\nl\nm\n",
        c="p\nq\n",
        d="u\nv\n",
    )
    coverage = CoverageConfig(t=t, at_least=times, balance=balance)
    for seed in range(4):
        config = SentencesConfig(folder, size, "coverage", coverage=coverage)
        check_sentences(config, seed)
        held = Counter(
            group
            for row in output(config, seed)
            for group in itertools.combinations([slot.value for slot in row.slots], t)
        )
        assert len(held) == {1: 10, 2: 37}[t]
        assert min(held.values()) >= times
    too_few = dataclasses.replace(config, count={1: 3, 2: 9}[t] * times - 1)
    with pytest.raises(DataError, match=r"takes \d+ sentences"):
        check_sentences(too_few)


def test_seeds_and_exhaustion(tmp_path: Path) -> None:
    config = SentencesConfig(ASSISTANT, 300, "coverage", coverage=PARTIAL)
    assert texts(config, 1) == texts(config, 1)
    assert texts(config, 1) != texts(config, 2)
    folder = tiny(tmp_path, "{{ a }} {{ b }}\nx z\n", a="x\ny\n", b="z\nw\nv\n")
    assert len(set(texts(SentencesConfig(folder, 6, "coverage")))) == 6
    with pytest.raises(DataError, match="only 6 new ones exist"):
        texts(SentencesConfig(folder, 7, "coverage"))


def test_more_sentences_begin_with_the_fewer() -> None:
    many = texts(SentencesConfig(ASSISTANT, 600, "coverage", coverage=PARTIAL))
    assert texts(SentencesConfig(ASSISTANT, 400, "coverage", coverage=PARTIAL)) == many[:400]


def test_every_sentence_can_be_had_after_the_cover(tmp_path: Path) -> None:
    lines = (
        "{{ a }} {{ a }} {{ b }}\n{% set x = a %}{% if x == 'x' %}{{ x }}{% else %}no{% endif %}"
    )
    folder = tiny(tmp_path, f"{lines}\nHello.\n", a="x\ny\nw\n", b="z\nv\n")
    config = SentencesConfig(folder, 3 * 3 * 2 + 2 + 1, "coverage")
    assert len(set(texts(config))) == config.count


def test_templates_with_conditions_are_covered_by_values(tmp_path: Path) -> None:
    line = "{% set who = name %}{% if who == 'Al' %}Hi{% else %}Ho{% endif %} {{ who }}, {{ day }}."
    folder = tiny(tmp_path, line, name="Al\nBo\nCy\n", day="Mo\nTu\n")
    rows = output(SentencesConfig(folder, 6, "coverage"))
    assert {tuple(slot.value for slot in row.slots) for row in rows} == {
        (name, day) for name in ("Al", "Bo", "Cy") for day in ("Mo", "Tu")
    }
    once = output(SentencesConfig(folder, 4, "coverage", coverage=CoverageConfig(t=1)))
    assert {value.value for row in once for value in row.slots} == {"Al", "Bo", "Cy", "Mo", "Tu"}


def test_what_a_filter_leaves_of_a_template_comes_first(tmp_path: Path) -> None:
    folder = tiny(
        tmp_path, "Long word {{ a }} {{ b }}.\n{{ a }}?\n", a="x\ny\nz\n", b="1\n2\n3 4\n5 6\n"
    )
    config = SentencesConfig(
        folder, 7, "coverage", coverage=PARTIAL, filter=FilterConfig(max_words=4)
    )
    for seed in range(8):
        rows = output(config, seed)
        assert {row.template for row in rows[:2]} == {"greet:1", "greet:2"}
        values = {slot.value for row in rows[:5] for slot in row.slots}
        assert values == {"x", "y", "z", "1", "2"}


def test_balance_says_rare_sounds_sooner() -> None:
    def evenness(balance: bool) -> float:
        coverage = CoverageConfig(partial=True, balance=balance)
        rows = output(SentencesConfig(ASSISTANT, 800, "coverage", coverage=coverage))
        speech = Phonemizer().phonemize([row.text for row in rows])
        counts = Counter(pair for line in speech for pair in diphones_of(breaths_of(line)))
        return float(entropy(np.array(list(counts.values()))))

    assert evenness(True) > evenness(False) + 0.02
