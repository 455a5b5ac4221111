"""The parts that a dataset grew out of, as its `build.json` keeps them.

A dataset that was extended or merged has a `history`: a part for each build, with the config, seed,
digests and versions of that build and the data files that hold its rows. What the record says at
its own top is then what all parts have in common.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

_OTHER_LICENCES = "other"
_OF_A_PART = ("name", "seed", "config", "digests", "revision", "versions")


def parts_of(build: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of the dataset whose record `build` is, the oldest first; at least one.

    Each has the keys `name`, `seed`, `config`, `digests`, `revision`, `versions`, `rows`, and in
    `files` the data files that hold its rows.
    """
    if build.get("history"):
        return [dict(part) for part in build["history"]]
    files = [name for name in build["files"] if PurePosixPath(name).parent.name]
    part = {name: build[name] for name in _OF_A_PART if name in build}
    return [part | {"rows": build["rows"], "files": files}]


def part_of(build: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """The part whose rows the data file `file` holds; the whole record for one of a single part."""
    return next((part for part in build.get("history", ()) if file in part["files"]), build)


def kept_apart_in(build: Mapping[str, Any]) -> list[str]:
    """What no two splits may share, of all parts (`output.disjoint`)."""
    found = [kind for part in parts_of(build) for kind in _output(part).get("disjoint") or ()]
    return list(dict.fromkeys(found))


def licence_of(build: Mapping[str, Any]) -> str:
    """The licence that all parts give their dataset; `other` where they differ: rows say theirs."""
    return common_licence(parts_of(build))


def common_licence(parts: Sequence[Mapping[str, Any]]) -> str:
    """That which all `parts` give their rows; `other` where they differ."""
    found = {_output(part).get("license", "") for part in parts}
    return found.pop() if len(found) == 1 else _OTHER_LICENCES


def with_files(
    parts: Sequence[Mapping[str, Any]], moved: Mapping[str, str], rows: Mapping[str, int]
) -> list[dict[str, Any]]:
    """`parts` after their data files became other ones: `moved` says which (those that are gone
    are missing there), and `rows` how many rows each new one has.
    """
    found = []
    for part in parts:
        files = [moved[file] for file in part["files"] if file in moved]
        found.append(dict(part) | {"rows": sum(rows[file] for file in files), "files": files})
    return found


def _output(part: Mapping[str, Any]) -> Mapping[str, Any]:
    output = part["config"].get("output") or {}
    assert isinstance(output, Mapping)
    return output


def in_common(mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The keys that all of `mappings` have with one and the same value."""
    first, *others = mappings
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }
