"""Lexicon files: text, YAML or CSV into a vocabulary named as the file.

`contact.txt`, one value a line; `| 5` is a weight, one is the default:

    # people that everybody calls
    Mom | 5
    Dr. Patel

`city.csv`, one value a row; columns other than these four are parts, `{{ place.country }}`:

    value,weight,tags,say,country
    Paris,3,capital coastless,,France
    Nice,1,coast,niːs,France

`food.yaml`, a list; a group's weight is that of the whole group, and its name is a tag that its
values carry, `{{ food|tagged("fruit") }}` (a mapping of `value: weight` will do as well):

    - pizza
    - {value: chili, weight: 3, tags: [spicy], say: ˈtʃɪli, origin: Mexico}
    - group: fruit
      weight: 2
      values: [apple, pear]

`say` is IPA, one word of it for each word of the value; `-` leaves a word to the rules.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.config import MAX_FLOAT
from models.errors import DataError, shortened
from models.phonology.phonemes import word_spans
from models.text_files import lines_of, read_text
from models.yaml_files import YamlProblem, compose_yaml
from pipeline.domain.slots.vocabulary import Entry, Vocabulary, vocabulary_of

LEXICON_SUFFIXES = (".txt", ".yaml", ".csv")
MAX_VALUES = 200_000  # of a lexicon; all of them are in memory, and looked at before any work
MAX_CHARACTERS = 1_000  # of a value
_MAX_NODES = 5 * MAX_VALUES  # of YAML: a value's keys, weight, tags and parts
_OWN_KEYS = ("value", "weight", "tags", "say")


def read_lexicon(path: Path) -> Vocabulary:
    """The vocabulary in a `.txt`, `.yaml` or `.csv` file, named as the file.

    Raises `DataError` naming file and line: unreadable or empty file, empty or repeated
    value, weight that is not a positive number, pronunciation that does not fit its value.
    """
    text = read_text(path, "a lexicon")
    read = {".txt": _text_entries, ".csv": _csv_entries, ".yaml": _yaml_entries}[
        path.suffix.lower()
    ]
    entries = read(text, path)
    if not entries:
        raise DataError(f"{path}:1: the lexicon is empty; it needs at least one value")
    _check_values(entries, path)
    return vocabulary_of(path.stem, entries)


def _text_entries(text: str, path: Path) -> list[Entry]:
    entries = []
    for number, line in enumerate(lines_of(text), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        value, bar, weight = line.partition("|")
        entries.append(_entry({"value": value, "weight": weight if bar else ""}, path, number))
        _check_number(entries, path)
    return entries


def _csv_entries(text: str, path: Path) -> list[Entry]:
    rows = csv.reader(lines_of(text), strict=True)
    entries: list[Entry] = []
    try:
        header = [name.strip() for name in next(rows, [])]
        if header and ("value" not in header or len(set(header)) < len(header)):
            raise DataError(
                f"{path}:1: the first line names the columns, each once, and one is `value`"
            )
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise DataError(
                    f"{path}:{rows.line_num}: {len(row)} cells, but the first line "
                    f"names {len(header)} columns"
                )
            entries.append(_entry(dict(zip(header, row, strict=True)), path, rows.line_num))
            _check_number(entries, path)
    except csv.Error as error:
        raise DataError(f"{path}:{rows.line_num}: not valid CSV: {error}") from None
    return entries


def _yaml_entries(text: str, path: Path) -> list[Entry]:
    """Scalars as they are written: `7:30`, `no` and `1e3` stay text."""
    import yaml

    try:
        root = compose_yaml(text, max_values=_MAX_NODES)
    except YamlProblem as problem:
        raise DataError(f"{path}:{problem.line}: not valid YAML: {problem}") from None
    if root is None:
        return []
    if isinstance(root, yaml.SequenceNode):
        return _yaml_items(root, path)
    if isinstance(root, yaml.MappingNode):
        entries = []
        for key, weight in root.value:
            cells = {"value": _scalar(key, path), "weight": _scalar(weight, path)}
            entries.append(_entry(cells, path, _line(key)))
            _check_number(entries, path)
        return entries
    raise DataError(f"{path}:1: expected a list of values or `value: weight` pairs")


def _yaml_items(items: Any, path: Path) -> list[Entry]:
    import yaml

    if not isinstance(items, yaml.SequenceNode):
        raise DataError(f"{path}:{_line(items)}: expected a list of values")
    entries: list[Entry] = []
    for item in items.value:
        if not isinstance(item, yaml.MappingNode):
            entries.append(_entry({"value": _scalar(item, path)}, path, _line(item)))
            _check_number(entries, path)
            continue
        keys = {_scalar(key, path): node for key, node in item.value}
        if "group" in keys:
            entries.extend(_yaml_group(keys, path, _line(item)))
        else:
            cells = {key: _scalar(node, path, key == "tags") for key, node in keys.items()}
            entries.append(_entry(cells, path, _line(item)))
        _check_number(entries, path)
    return entries


def _yaml_group(keys: Mapping[str, Any], path: Path, line: int) -> list[Entry]:
    """The values of a group, with its tags, parts and share of the weight handed on to each."""
    if "values" not in keys:
        raise DataError(f"{path}:{line}: a group needs `values`, a list")
    rest = {
        key: _scalar(node, path, key == "tags")
        for key, node in keys.items()
        if key not in ("group", "values")
    }
    group = _entry({"value": _scalar(keys["group"], path), **rest}, path, line)
    members = _yaml_items(keys["values"], path)
    if not members:
        raise DataError(f"{path}:{line}: the group `{group.value}` is empty")
    scale = group.weight / sum(entry.weight for entry in members) if "weight" in keys else 1.0
    return [
        replace(
            entry,
            weight=entry.weight * scale,
            tags=entry.tags | group.tags | {group.value},
            parts={**group.parts, **entry.parts},
        )
        for entry in members
    ]


def _scalar(node: Any, path: Path, may_be_list: bool = False) -> str:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if may_be_list and isinstance(node, yaml.SequenceNode):
        return " ".join(_scalar(item, path) for item in node.value)
    raise DataError(f"{path}:{_line(node)}: expected a plain value, found a nested list or mapping")


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _entry(cells: Mapping[str, str], path: Path, line: int) -> Entry:
    """An entry from the cells of its row; an empty cell is as good as none."""
    if "value" not in cells:
        raise DataError(f"{path}:{line}: expected `value` or `group`; found {', '.join(cells)}")
    value = " ".join(cells["value"].split())
    parts = {name: " ".join(cell.split()) for name, cell in cells.items() if name not in _OWN_KEYS}
    for name in parts:
        if not name.isidentifier() or name.startswith("_"):
            raise DataError(f"{path}:{line}: `{name}` cannot name a part; use letters, digits, `_`")
    return Entry(
        value=value,
        weight=_weight(cells.get("weight", ""), f"{path}:{line}"),
        line=line,
        tags=frozenset(cells.get("tags", "").split()),
        parts={name: part for name, part in parts.items() if part},
        say=_pronunciation(value, cells.get("say", ""), f"{path}:{line}"),
    )


def _weight(cell: str, location: str) -> float:
    if not cell.strip():
        return 1.0
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not 0 < number <= MAX_FLOAT:
        allowed = f"a number above 0, up to {MAX_FLOAT:g}"
        raise DataError(f"{location}: weight `{shortened(cell.strip())}` is not {allowed}")
    return number


def _pronunciation(value: str, cell: str, location: str) -> dict[str, str]:
    pronounced = cell.split()
    if not pronounced:
        return {}
    words = [value[start:end] for start, end in word_spans(value)]
    if len(pronounced) != len(words):
        raise DataError(
            f"{location}: `say` holds {len(pronounced)} words for the {len(words)} of `{value}`; "
            "write one word of IPA for each, or `-` to leave one out"
        )
    return {word: ipa for word, ipa in zip(words, pronounced, strict=False) if ipa != "-"}


def _check_number(entries: Sequence[Entry], path: Path) -> None:
    if len(entries) > MAX_VALUES:
        line = entries[-1].line
        raise DataError(f"{path}:{line}: a lexicon of more than {MAX_VALUES:,} values")


def _check_values(entries: Sequence[Entry], path: Path) -> None:
    lines: dict[str, int] = {}
    for entry in entries:
        if not entry.value:
            raise DataError(f"{path}:{entry.line}: the value is empty")
        if len(entry.value) > MAX_CHARACTERS:
            raise DataError(
                f"{path}:{entry.line}: a value of {len(entry.value):,} characters; at most "
                f"{MAX_CHARACTERS:,} are read"
            )
        if entry.value in lines:
            first = lines[entry.value]
            raise DataError(
                f"{path}:{entry.line}: `{entry.value}` stands on line {first} already; "
                "give it one line and a weight"
            )
        lines[entry.value] = entry.line
