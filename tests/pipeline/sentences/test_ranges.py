"""How many sentences a range has, draws and keeps; that builds follow is test_sentence_shards's."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.sentences import ranges
from pipeline.sentences.drawing.existing_sentences import ExistingSentences
from pipeline.sentences.drawing.split_plan import SplitPlan
from pipeline.sentences.generate import SentencesConfig


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> ranges.Source:
    """12 sentences, twice each, in ranges of 5."""
    monkeypatch.setattr(ranges, "RANGE_SENTENCES", 5)
    config = SentencesConfig(Path("prompts/voice_assistant"), 12, repetitions=2)
    return ranges.Source(config, 1, None, ExistingSentences())


def drawn(found: list[int], said: list[int]) -> ranges.Drawn:
    counts = np.zeros((len(said), len(ranges.SPLIT_NAMES)), np.uint32)
    counts[:, 0] = [2 * bool(digest) for digest in said]
    return ranges.Drawn(np.array(found, np.uint64), np.array(said, np.uint64), counts)


def test_ranges_share_the_sentences_and_rows(source: ranges.Source) -> None:
    assert ranges.starts_of(source.config) == [0, 5, 10]
    assert ranges.lengths_of(source.config) == [5, 5, 2]
    assert ranges.rows_in(source.config) == [10, 10, 4]


def test_a_range_draws_its_own_sentences_and_gives_those_that_are_kept(
    source: ranges.Source,
) -> None:
    of_second = ranges.draw(source, 5, 5)
    assert of_second.is_sentence.all()
    assert of_second.rows_by_split[:, 0].tolist() == [2] * 5
    kept = np.array([True, False, True, False, False])
    every = [row.id for row in source.rows(5, 5)]
    rows = [row.id for row in ranges.chosen_rows(source, 5, 5, kept)]
    assert [name.split("#")[0] for name in rows[::2]] == [every[0], every[2]]
    assert len(rows) == 4


def test_ranges_tell_texts_that_are_said_alike_where_splits_may_not_share_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "turn.j2").write_text("Up by 55%.\nUp by 55 percent.\n")
    config = SentencesConfig(tmp_path, 2)
    for apart, number in ((("text", "template"), 1), (("template",), 2)):
        dealt = {"template": {"turn:1": "train", "turn:2": "train"}}
        plan = SplitPlan({"train": 1.0}, apart, 1, dealt)
        of_first = ranges.draw(ranges.Source(config, 1, plan, ExistingSentences()), 0, 2)
        assert len(set(of_first.said.tolist())) == number


def test_of_later_ranges_only_what_is_new_is_kept(source: ranges.Source) -> None:
    choice = ranges.Choice(source)
    assert choice.of(drawn([1, 2, 3], [11, 12, 13]), 0).all()
    # As it was found, as it is said, a reject, and two that are new.
    second = drawn([2, 4, 5, 6, 7], [20, 13, 0, 21, 22])
    assert choice.of(second, 1).tolist() == [False, False, True, True, True]
    third = drawn([8, 9, 30], [23, 24, 25])
    assert choice.of(third, 2).tolist() == [True, True, False], "it keeps 2"


def test_a_range_that_lacks_some_draws_more(source: ranges.Source) -> None:
    asked = ranges.asked_next(source.config, asked=[5, 5, 2], kept=[4, 3, 2])
    assert asked[0] == 5, "the first has all there is"
    assert asked[1] > 5 + 2
    assert asked[2] == 2
