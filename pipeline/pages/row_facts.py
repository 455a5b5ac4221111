"""Every parameter of a row in groups, as pages show it: names, and values as short text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.dataset.columns import COLUMNS, GROUPS

_KINDS = {"noise", "room", "negative"}
_NONE = {None, "", "none"}


class FactGroup(NamedTuple):
    """Some parameters of a row under a title: (name, value) pairs."""

    title: str
    facts: list[tuple[str, str]]


def facts_of(row: Mapping[str, Any]) -> list[FactGroup]:
    """All columns of `row` but those of sound and text; one that is not declared goes last."""
    facts: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    declared = [name for name in COLUMNS if name in row]
    for name in (*declared, *(name for name in row if name not in COLUMNS)):
        group = COLUMNS[name].group if name in COLUMNS else GROUPS[-1]
        if group:
            facts[group] += _facts(name, row[name])
    return [FactGroup(title, found) for title, found in facts.items() if found]


def _facts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if name == "augmentations":
        yield from _augmentation_log(value)
    elif name == "slots":
        yield from ((f"slot {slot['name']}", slot["value"]) for slot in value)
    elif isinstance(value, Mapping):
        yield from _fields(name, value)
    elif isinstance(value, list):
        if value:
            yield name, ", ".join(map(_text, value))
    elif value not in _NONE:
        yield name, _text(value)


def _fields(name: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A struct's fields; of noise, a room or a near miss that is none, that alone."""
    if name in _KINDS and next(iter(fields.values())) in _NONE:
        yield name, "none"
        return
    for field, value in fields.items():
        if value not in _NONE:
            yield (field if name == "quality" else f"{name} {field}"), _text(value)


def _augmentation_log(links: list[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Each link with what was drawn, then what was measured and differs from that."""
    for number, link in enumerate(links, 1):
        drawn, measured = json.loads(link["parameters"]), json.loads(link["measured"])
        new = {key: value for key, value in measured.items() if drawn.get(key) != value}
        told = [f"{key} {_text(value)}" for key, value in drawn.items() if value is not None]
        told += [f"{key} {_text(value)} (measured)" for key, value in new.items()]
        yield f"{number}. {link['link']}", "; ".join(told) or "nothing drawn"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", "−")
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)
