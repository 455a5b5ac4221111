"""Lexicons: the weighted values that fill a template's slots.

A lexicon is a file `lexicons/NAME.txt`, one value a line:

    # people that everybody calls
    Mom | 5
    Dr. Patel
    the front desk | 0.5

`| 5` is a weight: this value is drawn five times as often as one without. A `NAME.yaml` may
hold a list of values, or `value: weight` pairs. What lists cannot hold (times, dates, phone
numbers) comes from `pipeline/written_forms.py` in the same shape.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from models.errors import DataError


@dataclass(frozen=True, slots=True)
class Group:
    """`size` values that are equally likely; `weight` is that of the whole group.

    `at(index)` is the value at 0 <= index < size.
    """

    weight: float
    size: int
    at: Callable[[int], str]


class Vocabulary:
    """Everything a slot can be: distinct values that can be counted, listed and drawn."""

    def __init__(self, name: str, groups: Sequence[Group]) -> None:
        self.name = name
        self._groups = tuple(groups)
        self._starts = [0, *accumulate(group.size for group in groups)]
        total = sum(group.weight for group in groups)
        self._edges = [edge / total for edge in accumulate(group.weight for group in groups)]
        self._edges[-1] = 1.0

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self):
            raise IndexError(index)
        which = bisect_right(self._starts, index) - 1
        return self._groups[which].at(index - self._starts[which])

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    def draw(self, uniform: float) -> str:
        """The value that a uniform number in [0, 1) points at, by weight."""
        which = bisect_right(self._edges, uniform)
        group = self._groups[which]
        low = self._edges[which - 1] if which else 0.0
        share = (uniform - low) / (self._edges[which] - low)
        return group.at(min(int(share * group.size), group.size - 1))


@dataclass(frozen=True, slots=True)
class _Entry:
    value: str
    weight: float
    line: int


def read_lexicon(path: Path) -> Vocabulary:
    """The vocabulary in a `.txt` or `.yaml` file, named as the file.

    Raises `DataError` naming file and line: unreadable or empty file, empty or repeated
    value, weight that is not a positive number.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a lexicon ({error})") from None
    entries = _text_entries(text, path) if path.suffix == ".txt" else _yaml_entries(text, path)
    if not entries:
        raise DataError(f"{path}:1: the lexicon is empty; it needs at least one value")
    _check_values(entries, path)
    return Vocabulary(path.stem, _equal_groups(entries))


def _equal_groups(entries: Sequence[_Entry]) -> list[Group]:
    by_weight: dict[float, list[str]] = {}
    for entry in entries:
        by_weight.setdefault(entry.weight, []).append(entry.value)
    return [
        Group(weight * len(values), len(values), values.__getitem__)
        for weight, values in by_weight.items()
    ]


def _text_entries(text: str, path: Path) -> list[_Entry]:
    entries = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        value, bar, weight = line.partition("|")
        entries.append(_entry(value, weight if bar else "1", path, number))
    return entries


def _yaml_entries(text: str, path: Path) -> list[_Entry]:
    """Scalars as they are written: `7:30`, `no` and `1e3` stay text."""
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", "syntax error")
        raise DataError(f"{path}:{line}: not valid YAML: {problem}") from None
    if root is None:
        return []
    if isinstance(root, yaml.SequenceNode):
        pairs = [(node, "1") for node in root.value]
    elif isinstance(root, yaml.MappingNode):
        pairs = [(key, _scalar(weight, path)) for key, weight in root.value]
    else:
        raise DataError(f"{path}:1: expected a list of values or `value: weight` pairs")
    return [
        _entry(_scalar(node, path), weight, path, node.start_mark.line + 1)
        for node, weight in pairs
    ]


def _scalar(node: object, path: Path) -> str:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    line = node.start_mark.line + 1 if isinstance(node, yaml.Node) else 1
    raise DataError(f"{path}:{line}: expected a plain value, found a nested list or mapping")


def _entry(value: str, weight: str, path: Path, line: int) -> _Entry:
    try:
        number = float(weight)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise DataError(f"{path}:{line}: weight `{weight.strip()}` is not a number above 0")
    return _Entry(" ".join(value.split()), number, line)


def _check_values(entries: Sequence[_Entry], path: Path) -> None:
    lines: dict[str, int] = {}
    for entry in entries:
        if not entry.value:
            raise DataError(f"{path}:{entry.line}: the value is empty")
        if entry.value in lines:
            first = lines[entry.value]
            raise DataError(
                f"{path}:{entry.line}: `{entry.value}` stands on line {first} already; "
                "give it one line and a weight"
            )
        lines[entry.value] = entry.line
