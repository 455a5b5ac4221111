from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.records import Sentence
from pipeline.sentences.covering.covering import CoverageConfig
from pipeline.sentences.drawing.sentence_filter import FilterConfig
from pipeline.sentences.generate import SentencesConfig, check_sentences, generate
from tests.pipeline.sentences.drawing.test_sampling import tiny

NO_FILTER = FilterConfig()


def asked(folder: Path, count: int, filter: FilterConfig = NO_FILTER, **coverage: int) -> None:
    config = CoverageConfig(**coverage)  # type: ignore[arg-type]
    check_sentences(SentencesConfig(folder, count, "coverage", coverage=config, filter=filter))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Twelve pairs in one template, four values in another, one sentence in the third."""
    return tiny(tmp_path, "{{ a }} {{ b }}\n{{ b }}!\nHello.\n", a="x\ny\nz\n", b="1\n2\n3\n4\n")


def test_a_count_that_is_too_small_says_which_would_do(shop: Path) -> None:
    asked(shop, 17)
    message = (
        r"count: 16 sentences of tiny's templates, but .*every 2 slot values of a template takes "
        r"17 sentences; raise the count, lower coverage.t \(1 takes 9 or more\)"
    )
    with pytest.raises(DataError, match=message):
        asked(shop, 16)
    with pytest.raises(DataError, match=r"every slot value takes 9 sentences"):
        asked(shop, 8, t=1)
    asked(shop, 16, partial=True)


def test_the_number_that_would_do_does(shop: Path) -> None:
    rows = list(generate(SentencesConfig(shop, 17, "coverage"), seed=3))
    assert len({row.text for row in rows if isinstance(row, Sentence)}) == 17


def test_at_least_as_often_as_there_are_sentences(shop: Path) -> None:
    message = r"greet.j2:1: there is 1 distinct sentence to say some of its slot values in, .*is 2"
    with pytest.raises(DataError, match=message + "; so it is for 2 more templates"):
        asked(shop, 17, at_least=2)
    with pytest.raises(DataError, match=r"greet.j2:2: there is 1 .* for 1 more templates"):
        asked(shop, 17, at_least=2, t=1)
    asked(shop, 17, at_least=2, partial=True)


def test_a_template_with_conditions_counts_its_sentences(tmp_path: Path) -> None:
    line = "{% set who = name %}{{ who }}{% if who == 'Al' %}, {{ day }}{% endif %}"
    folder = tiny(tmp_path, line, name="Al\nBo\n", day="Mo\nTu\n")
    with pytest.raises(DataError, match=r"greet.j2:1: there is 1 distinct sentence to say some"):
        asked(folder, 3, at_least=2)


def test_too_many_tuples_to_count(tmp_path: Path) -> None:
    values = "".join(f"v{index}\n" for index in range(400))
    folder = tiny(tmp_path, "{{ a }} {{ a }} {{ a }}", a=values)
    with pytest.raises(DataError, match=r"greet.j2:1: has 64,000,000 groups of 3 slot values"):
        asked(folder, 10, t=3)


def test_what_the_filter_drops_needs_no_sentence(shop: Path, tmp_path: Path) -> None:
    blocklist = tmp_path / "blocked.txt"
    blocklist.write_text("x\n")
    asked(shop, 13, FilterConfig(blocklist=blocklist))  # four pairs fewer
    with pytest.raises(DataError, match=r"takes 13 sentences"):
        asked(shop, 12, FilterConfig(blocklist=blocklist))
    with pytest.raises(DataError, match=r"only 13 distinct ones that sentences.filter lets pass"):
        asked(shop, 14, FilterConfig(blocklist=blocklist))


def test_a_hopeless_need_is_told_without_trying(tmp_path: Path) -> None:
    values = "".join(f"v{index}\n" for index in range(600))
    folder = tiny(tmp_path, "{{ a }} {{ a }}", a=values)
    with pytest.raises(DataError, match=r"takes about 360,000 or more sentences"):
        asked(folder, 10)
