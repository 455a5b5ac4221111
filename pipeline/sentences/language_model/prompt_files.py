"""Prompts for a language model: a domain's `prompts/**/*.prompt.j2`, one Jinja2 template a file.

    # prompts/pay_bill.prompt.j2
    Write {{ number }} ways to say: {{ intent }}.
    {% for example in examples %}
    - {{ example.text }}
    {% endfor %}

A file named as an intent asks for this intent alone, any other for each of the domain's. A prompt
may read the fields of `PromptWords` and go through their lists; calls, macros and whatever could
reach Python or never end are refused, and it runs in Jinja2's sandbox on top.
"""

import hashlib
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment

from models.errors import DataError
from pipeline.domain.domains import checked_inside
from pipeline.domain.template_checks import SHARED_NODES

_FOLDER, _SUFFIX = "prompts", ".prompt.j2"
_FILTERS = ("capitalize", "items", "join", "length", "lower", "title", "trim", "upper")
_WORDS = "words"  # no filter of Jinja's: `pay_bill` as "pay bill"
_ALLOWED_NODES = (*SHARED_NODES, nodes.For)
_DEEPEST_LOOP = 2
_MAX_CHARACTERS = 20_000


@dataclass(frozen=True)
class Example:
    """A sentence of the domain's templates, to show the model what is meant."""

    text: str
    slots: Mapping[str, str]


@dataclass(frozen=True)
class PromptWords:
    """What a prompt can say. `slots` holds a few values of every slot of the intent; `intents`
    are all of the domain's; `number` is how many sentences are wanted.
    """

    title: str
    description: str
    locale: str
    intent: str
    intents: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]]
    examples: tuple[Example, ...]
    persona: str
    constraints: tuple[str, ...]
    number: int


class PromptFile:
    """A checked prompt; `name` is its path below `prompts/`, without `.j2`."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.name = path.relative_to(folder / _FOLDER).as_posix().removesuffix(".j2")
        self.about = path.name.removesuffix(_SUFFIX)
        self.location = str(path)
        self._template = _compile(_read(path), self.location)

    def render(self, words: PromptWords) -> str:
        """The message for the model. Raises `DataError` naming file and line."""
        variables = {field.name: getattr(words, field.name) for field in fields(words)}
        try:
            text = self._template.render(variables).strip()
        except Exception as error:  # whatever a prompt does wrong is the prompt's fault
            location = f"{self.location}:{_line_of(error)}"
            raise DataError(f"{location}: {type(error).__name__}: {error}") from None
        if not text:
            raise DataError(f"{self.location}: the prompt is empty for the intent `{words.intent}`")
        return text


def read_prompts(folder: Path) -> list[PromptFile]:
    """The prompts of the domain in `folder`, sorted by path. Raises `DataError` naming file and
    line of one that cannot be used, or where there is none.
    """
    paths = prompt_paths(folder)
    if not paths:
        raise DataError(
            f"{folder / _FOLDER}: no prompt for a language model; expected "
            f"{_FOLDER}/NAME{_SUFFIX} (docs/LANGUAGE_MODEL.md)"
        )
    return [PromptFile(path, folder) for path in paths]


def prompts_digest(folder: Path) -> str:
    """16 hex digits that change with any prompt of the domain."""
    digest = hashlib.blake2b(digest_size=8)
    for path in prompt_paths(folder):
        content = _read(path).encode()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def prompt_paths(folder: Path) -> list[Path]:
    """Raises `DataError` for one that a symbolic link leads out of the domain."""
    return checked_inside(folder, sorted((folder / _FOLDER).rglob(f"*{_SUFFIX}")))


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a prompt ({error})") from None
    if len(text) > _MAX_CHARACTERS:
        raise DataError(f"{path}: {len(text)} characters; at most {_MAX_CHARACTERS} are allowed")
    return text


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.filters[_WORDS] = lambda name: str(name).replace("_", " ")
    return environment


_ENVIRONMENT = _environment()


def _compile(text: str, location: str) -> jinja2.Template:
    try:
        tree = _ENVIRONMENT.parse(text)
        _check(tree, location, loops=0)
    except jinja2.TemplateSyntaxError as error:
        raise DataError(f"{location}:{error.lineno}: template syntax: {error.message}") from None
    except (RecursionError, ValueError):  # a number of more digits than Python reads
        raise DataError(
            f"{location}:1: template syntax: nested too deeply, or a number too long"
        ) from None
    known = [field.name for field in fields(PromptWords)]
    for name in sorted(find_undeclared_variables(tree).difference(known)):
        line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == name)
        raise DataError(f"{location}:{line}: undefined `{name}`; there are: {', '.join(known)}")
    code = _ENVIRONMENT.compile(tree)
    return jinja2.Template.from_code(_ENVIRONMENT, code, {})


def _check(tree: nodes.Node, location: str, loops: int) -> None:
    for node in tree.iter_child_nodes():
        here = f"{location}:{node.lineno}"
        if isinstance(node, (nodes.Getattr, nodes.Name)):
            name = node.attr if isinstance(node, nodes.Getattr) else node.name
            if name.startswith("_"):
                raise DataError(f"{here}: `{name}`: prompts may not reach into Python objects")
        if isinstance(node, nodes.Filter):
            _check_filter(node, here)
        if not isinstance(node, _ALLOWED_NODES):
            raise DataError(
                f"{here}: `{type(node).__name__.lower()}` is not allowed in a prompt; "
                "use {{ name }}, filters, {% if %} and {% for %}"
            )
        deeper = loops + isinstance(node, nodes.For)
        if deeper > _DEEPEST_LOOP or (isinstance(node, nodes.For) and node.recursive):
            raise DataError(f"{here}: at most {_DEEPEST_LOOP} loops may lie in one another")
        _check(node, location, deeper)


def _check_filter(node: nodes.Filter, here: str) -> None:
    """Joins within joins could fill the memory from a prompt of one line."""
    allowed = (*_FILTERS, _WORDS)
    if node.name not in allowed:
        raise DataError(f"{here}: unknown filter `{node.name}`; allowed: {', '.join(allowed)}")
    if node.name != "join":
        return
    joins = [inner for inner in node.find_all(nodes.Filter) if inner.name == "join"]
    short = all(isinstance(arg, nodes.Const) and len(str(arg.value)) < 10 for arg in node.args)
    if joins or not short or node.kwargs:
        raise DataError(f"{here}: `join` takes a few characters, and stands alone: |join(', ')")


def _line_of(error: Exception) -> int:
    """The prompt's line in which Jinja stopped."""
    frames: Sequence[Any] = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return lines[-1] if lines else 1
