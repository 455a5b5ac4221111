from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.sentences.drawing.sentence_filter import FilterConfig, SentenceFilter


def blocking(tmp_path: Path, lines: str) -> SentenceFilter:
    path = tmp_path / "blocked.txt"
    path.write_text(lines, encoding="utf-8")
    return SentenceFilter(FilterConfig(blocklist=path))


@pytest.mark.parametrize(
    ("entry", "text", "blocked"),
    [
        ("damn", "Damn it!", True),
        ("damn", "damnation", False),
        ("for sale", "A house, for: sale.", True),
        ("for sale", "for the sale", False),
        ("don't", "I don't know.", True),
        ("don't", "I don’t know.", True),
        ("don’t", "I don't know.", True),
        ("don’t", "I don‘t know.", True),
        ("at&t", "Call AT&T.", True),
        ("e-mail", "Send e-mail!", True),
        ("(well), stop!", "Well stop it.", True),
        (r"re: \bcall (911|112)\b", "Please call 911.", True),
        (r"re: \bcall (911|112)\b", "Please call 9112.", False),
        ("# damn", "damn", False),
    ],
)
def test_blocklist(tmp_path: Path, entry: str, text: str, blocked: bool) -> None:
    reason = blocking(tmp_path, f"\n{entry}\n").reason(text)
    assert (reason is not None) == blocked
    if reason:
        assert entry in reason
        assert "blocked.txt:2" in reason


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("re: (", "blocked.txt:1: not a regular expression"),
        ("re: x*", "found in every sentence"),
        ("!!", "holds no word"),
        ("c++", r"blocked.txt:1: `c\+\+`: only words are looked for, not `\+\+`; write `re:"),
        ("$5 off", r"not `\$`; write `re:"),
        ("a c# chord", r"not `#`; write `re:"),
    ],
)
def test_bad_entries_are_named_to_the_line(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        blocking(tmp_path, entry)


def test_missing_blocklist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt: cannot be read as a blocklist"):
        SentenceFilter(FilterConfig(blocklist=tmp_path / "none.txt"))


def test_length_is_in_words_and_characters() -> None:
    words = SentenceFilter(FilterConfig(min_words=2, max_words=3))
    assert "too short: 1 words" in str(words.reason("Stop."))
    assert words.reason("Stop it now.") is None
    assert "too long: 4 words" in str(words.reason("Stop it right now."))
    assert "max_characters is 3" in str(
        SentenceFilter(FilterConfig(max_characters=3)).reason("Stop")
    )


def test_bounds_that_nothing_meets_are_refused() -> None:
    with pytest.raises(ConfigError, match="max_words: 1; at least 1 and min_words"):
        build(FilterConfig, {"min_words": 2, "max_words": 1}, where="test.yaml")
