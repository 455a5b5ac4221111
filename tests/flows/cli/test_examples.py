"""The commands that help, README and docs show exist and parse."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.flows.cli.commands import command_of, every_command, parse

CHECKOUT = Path(__file__).parents[3]
PAGES = [
    CHECKOUT / "README.md",
    *sorted((CHECKOUT / "docs").glob("*.md")),
    *sorted((CHECKOUT / "models" / "pretrained").glob("*/README.md")),
]


def _shown(text: str) -> Iterator[list[str]]:
    """The words of each `voxloom` command that stands on a line of its own, without `voxloom`."""
    whole_lines = re.sub(r"\\?\n +(?=--)|\\\n *", " ", text)
    for line in re.findall(r"^ *(?:\$ )?voxloom +([a-z].+)$", whole_lines, re.MULTILINE):
        command = re.split(r" {3,}(?!-)", line)[0]  # then comes what it is for
        command = re.sub(r"\[(--[^\]]*)\](?:\.\.\.)?", r"\1", command)  # [--optional VALUE]
        yield shlex.split(command.replace("...", ""), comments=True)


def _check(words: list[str]) -> None:
    """Parse it; of `corpus list|get` only the names are checked. Recipes have folders below their
    own root, so another root needs folders, too.
    """
    keys = {word.partition("=")[0] for word in words if "=" in word}
    assert words[0] != "train" or "corpus.root" not in keys or "corpus.folders" in keys, words
    alternatives = next((place for place, word in enumerate(words[:3]) if "|" in word), None)
    if alternatives is None:
        parse(words)
        return
    for name in words[alternatives].split("|"):
        command_of([*words[:alternatives], name])


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_the_examples_of_help_parse(path: tuple[str, ...]) -> None:
    text = (command_of(path).help or "").replace("[dim]Example:[/dim]", "")
    for words in _shown(text):
        _check(words)


@pytest.fixture
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Datasets in an object store are shown, and not fetched."""
    monkeypatch.setattr("pipeline.storage.versions.local_copy", lambda place, _: Path(place))


@pytest.mark.usefixtures("_no_store")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_the_commands_of_a_page_parse(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for words in _shown(text):
        _check(words)
    for name in re.findall(r"`voxloom ([a-z][a-z-]+)", text):
        command_of([name])
    for module in re.findall(r"python -m ((?:models|pipeline|flows|benchmarks)[\w.]*\w)", text):
        assert find_spec(module), module


def test_an_example_that_does_not_parse_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        _check(next(_shown("    voxloom build my.yaml \\\n      --sett a=1   # wrong")))
    with pytest.raises(KeyError, match="lists"):
        _check(next(_shown("    voxloom corpus get|lists      what it is for")))
