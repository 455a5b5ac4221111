"""A rule is a pattern and what stands in its place; a table of them is applied from the top."""

import re
from collections.abc import Callable, Mapping, Sequence

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def apply(rules: Sequence[Rule], text: str) -> str:
    """The text after every rule, in their order."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def any_of(words: Mapping[str, object] | Sequence[str]) -> str:
    """A group of a pattern that finds one of the words, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"
