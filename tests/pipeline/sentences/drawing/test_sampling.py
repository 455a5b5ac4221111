from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.sampling import Strategy, zipf_rank
from pipeline.sentences.drawing.sentence_filter import FilterConfig
from pipeline.sentences.generate import SentencesConfig, check_sentences, generate, sentences_digest

ASSISTANT = Path("prompts/voice_assistant")
STRATEGIES: tuple[Strategy, ...] = ("weighted", "random", "zipf")


def tiny(tmp_path: Path, templates: str, **lexicons: str) -> Path:
    """A domain with one intent `greet`."""
    folder = tmp_path / "tiny"
    for kind in ("templates", "lexicons"):
        (folder / kind).mkdir(parents=True)
    (folder / "templates" / "greet.j2").write_text(templates)
    for name, text in lexicons.items():
        (folder / "lexicons" / f"{name}.txt").write_text(text)
    return folder


def texts(config: SentencesConfig, seed: int = 1) -> list[str]:
    return [row.text for row in generate(config, seed) if isinstance(row, Sentence)]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_same_seed_same_sentences_and_none_twice(strategy: Strategy) -> None:
    config = SentencesConfig(ASSISTANT, 2000, strategy)
    assert texts(config, 1) == texts(config, 1)
    assert set(texts(config, 1)) != set(texts(config, 2))
    assert len(set(texts(config))) == 2000
    assert texts(SentencesConfig(ASSISTANT, 50, strategy)) == texts(config)[:50]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_distinct_sentence_can_be_had(tmp_path: Path, strategy: Strategy) -> None:
    folder = tiny(
        tmp_path,
        # 3 and 9 sentences, one that the first line makes as well, and 4 by way of Jinja
        "Hello {{ name }}.\nHello {{ name }} and {{ name }}.\nHello Bo.\n"
        "{% set who = name %}{% if who == 'Al' %}Hi {{ who }}, {{ name }}{% else %}Ho{% endif %}",
        name="Al | 1000\nBo\nCy | 0.01\n",
    )
    assert len(set(texts(SentencesConfig(folder, 16, strategy)))) == 16
    with pytest.raises(DataError, match="only 16 new ones exist"):
        texts(SentencesConfig(folder, 17, strategy))


def test_random_pays_no_heed_to_weights_and_zipf_to_the_order(tmp_path: Path) -> None:
    names = "".join(f"n{index} | {index + 1}\n" for index in range(20))
    folder = tiny(tmp_path, "{{ name }} {{ name }} {{ name }} {{ name }} x", name=names)

    def share_of_first(strategy: Strategy) -> float:
        output = texts(SentencesConfig(folder, 4000, strategy))
        words = Counter(word for text in output for word in text.split()[:-1])
        return words["n0"] / sum(words.values())

    assert abs(share_of_first("random") - 1 / 20) < 0.01
    assert share_of_first("weighted") < 0.02
    assert share_of_first("zipf") > 0.12


@pytest.mark.parametrize("number", [20, 150])  # sorted, or in passes
def test_weights_decide_also_among_what_is_left_after_many_misses(
    tmp_path: Path, number: int
) -> None:
    names = "heavy | 1000\n" + "".join(f"n{index}\n" for index in range(number))
    folder = tiny(tmp_path, "{{ one }} {{ two }}", one=names, two=names)
    output = texts(SentencesConfig(folder, 5 * number, "weighted"))
    assert sum("heavy" in text for text in output) == 2 * number + 1
    others = Counter(text.split()[0] for text in output if "heavy" not in text)
    assert len(others) > 0.8 * number
    assert max(others.values()) < 15, "all weigh the same"


def test_slots_are_in_the_text_where_the_template_has_them(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "{{ a }}-{{ b }}-{{ a }}\n", a="1\n2\n3\n", b="x\ny\n")
    rows = list(generate(SentencesConfig(folder, 18, "random"), seed=5))
    for row in rows:
        assert isinstance(row, Sentence)
        assert row.text == "-".join(slot.value for slot in row.slots)
        assert [slot.name for slot in row.slots] == ["a", "b", "a"]


def test_combinations_beyond_counting_are_drawn(tmp_path: Path) -> None:
    slots = " ".join(["{{ number }}"] * 6)  # 10,889 ** 6 is above 2 ** 64
    config = SentencesConfig(tiny(tmp_path, slots), 200, "random")
    assert len(set(texts(config))) == 200


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("size", [3, 1000])
def test_zipf_rank_follows_the_law(exponent: float, size: int) -> None:
    uniforms = (np.arange(200_000) + 0.5) / 200_000
    counts = Counter(zipf_rank(uniform, size, exponent) for uniform in uniforms.tolist())
    law = np.arange(1.0, size + 1) ** -exponent
    for ranks in (slice(0, 1), slice(1, 2), slice(2, 3), slice(60, 70), slice(100, 1000)):
        share = sum(counts[rank] for rank in range(size)[ranks]) / 200_000
        assert share == pytest.approx(law[ranks].sum() / law.sum(), rel=0.01, abs=2e-5)


def test_zipf_rank_stays_within_the_list() -> None:
    assert zipf_rank(0.0, 5, 1.0) == 0
    assert zipf_rank(1 - 1e-16, 5, 2.0) == 4
    assert zipf_rank(0.999999, 1, 0.5) == 0


def test_every_one_of_many_can_be_had(tmp_path: Path) -> None:
    numbers = "".join(f"{number}\n" for number in range(260))
    folder = tiny(tmp_path, "{{ one }} and {{ two }}.", one=numbers, two=numbers)
    assert len(texts(SentencesConfig(folder, 260 * 260, "random"))) == 260 * 260


def test_dropped_sentences_are_rejects_and_do_not_count(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "Hello {{ name }}.", name="Al\nBo\nCy\nDamn it\n")
    blocklist = tmp_path / "blocked.txt"
    blocklist.write_text("damn\n")
    config = SentencesConfig(folder, 3, filter=FilterConfig(blocklist=blocklist))
    check_sentences(config)
    rows = list(generate(config, seed=3))
    assert sorted(texts(config, 3)) == ["Hello Al.", "Hello Bo.", "Hello Cy."]
    for row in rows:
        if isinstance(row, Reject):
            assert row.stage == "generate"
            assert "blocked by `damn`" in row.reason
    before = sentences_digest(config)
    blocklist.write_text("darn\n")
    assert sentences_digest(config) != before


def test_a_filter_that_leaves_too_little_says_how_much_it_dropped(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "Hello {{ name }}.", name="Al\nBo\nCy\n")
    config = SentencesConfig(folder, 2, filter=FilterConfig(max_characters=8))
    with pytest.raises(
        DataError, match=r"only 0 new ones exist \(3 more are rejected, such as: too long"
    ):
        list(islice(generate(config, seed=1), 9))
