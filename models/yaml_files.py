"""YAML that may come from anyone: read within limits, every refusal a `YamlProblem` with its line.

Aliases count as often as they are used, so that a few lines cannot unfold into gigabytes; a value
that contains itself, nesting beyond `MAX_NESTING` and whole numbers beyond 64 bits are refused.
The check reads libyaml's events one after the other, before anything that recurses.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from models.errors import shortened

MAX_BYTES = 500_000_000
MAX_VALUES = 1_000_000
MAX_NESTING = 50
_WHOLE = range(-(2**63), 2**63)


class YamlProblem(ValueError):
    """What is wrong, and on which line, counted from 1."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


class _Extent(NamedTuple):
    """How many values a node unfolds into, itself included, and how deep they are nested."""

    values: int
    nesting: int


def read_within(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a file. Raises `OSError`, and `ValueError` for more than `max_bytes`."""
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"more than {max_bytes:,} bytes, the most that are read")
    return content


def parse_yaml(text: str, plain_objects: bool = False) -> Any:
    """The value that `text` stands for, as the safe loader makes it; no key twice in a mapping.

    With `plain_objects`, for files of others, one of a Python class is read as its fields, and the
    last of equal keys is meant. Raises `YamlProblem`.
    """
    import yaml

    _check(text, MAX_VALUES)
    loader = _loader(is_strict=not plain_objects)
    if plain_objects:
        loader.add_multi_constructor("tag:yaml.org,2002:python/", _fields)
    try:
        return yaml.load(text, loader)
    except (yaml.YAMLError, ValueError) as error:
        raise _problem(error) from None


def compose_yaml(text: str, max_values: int = MAX_VALUES) -> Any:
    """The root node of `text`, scalars as they are written; None for an empty text.

    Raises `YamlProblem`.
    """
    import yaml

    _check(text, max_values)
    try:
        return yaml.compose(text, Loader=_safe_loader())
    except (yaml.YAMLError, ValueError) as error:
        raise _problem(error) from None


def _safe_loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _loader(is_strict: bool) -> Any:
    """The safe loader, for which a scalar that is not what its look or tag says is a YAML error."""
    import yaml

    class Loader(_safe_loader()):  # type: ignore[misc]
        def construct_object(self, node: Any, deep: bool = False) -> Any:
            try:
                value = super().construct_object(node, deep)
            except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
                value = None
                is_wrong = True
            else:
                is_wrong = type(value) is int and value not in _WHOLE
            if is_wrong:
                kind = node.tag.rpartition(":")[2]
                what = {"int": "whole number of 64 bits", "timestamp": "date"}.get(kind, kind)
                problem = f"`{shortened(str(node.value), 80)}` is not a {what}"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            return value

        def construct_document(self, node: Any) -> Any:
            if is_strict:
                _check_keys(node)
            return super().construct_document(node)

    return Loader


def _check_keys(root: Any) -> None:
    """Before merges are put in, which may say again what their mapping says."""
    import yaml

    nodes, seen = [root], set[int]()
    while nodes:
        node = nodes.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
            continue
        lines = dict[str, int]()
        for key, value in node.value:
            nodes += [key, value]
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            if key.value in lines:
                first = lines[key.value]
                problem = (
                    f"`{shortened(key.value, 80)}` stands on line {first} already; once is enough"
                )
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            lines[key.value] = key.start_mark.line + 1


def _fields(loader: Any, suffix: str, node: Any) -> Any:
    import yaml

    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


def _check(text: str, max_values: int) -> None:
    """Raise `YamlProblem` for what breaks a limit, before anything is built or recursed into."""
    import yaml

    try:
        _check_events(yaml.parse(text, Loader=_safe_loader()), max_values)
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise _problem(error) from None


def _check_events(events: Iterable[Any], max_values: int) -> None:
    import yaml

    anchors: dict[str, _Extent] = {}
    open_nodes: list[tuple[str | None, int, int]] = []  # anchor, values and nesting within
    total = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1, 1))
            found, added = _Extent(1, 1), 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, values, nesting = open_nodes.pop()
            found, added = _Extent(values, nesting), 0
        elif isinstance(event, yaml.AliasEvent):
            anchor, name = None, event.anchor or ""
            if any(opened == name for opened, _, _ in open_nodes):
                raise YamlProblem(f"the alias `{shortened(name)}` contains itself", line)
            found = anchors.get(name, _Extent(1, 1))
            added = found.values
        elif isinstance(event, yaml.ScalarEvent):
            anchor, found, added = event.anchor, _Extent(1, 1), 1
        else:
            continue
        if not isinstance(event, yaml.CollectionStartEvent):
            if anchor is not None:
                anchors[anchor] = found
            _add(open_nodes, found)
        total += added
        if total > max_values:
            raise YamlProblem(
                f"more than {max_values:,} values, aliases counted as often as used", line
            )
        if len(open_nodes) + found.nesting > MAX_NESTING:
            raise YamlProblem(f"nested more than {MAX_NESTING} deep", line)


def _add(open_nodes: list[tuple[str | None, int, int]], inner: _Extent) -> None:
    if open_nodes:
        anchor, values, nesting = open_nodes[-1]
        open_nodes[-1] = (anchor, values + inner.values, max(nesting, 1 + inner.nesting))


def _problem(error: Exception) -> YamlProblem:
    if isinstance(error, UnicodeEncodeError):
        line = error.object.count("\n", 0, error.start) + 1
        return YamlProblem(f"the character {error.object[error.start]!a} is not allowed", line)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or "syntax error"
    return YamlProblem(shortened(str(problem), 300), mark.line + 1 if mark else 1)
