"""`voxloom diff`: what changed between two datasets, in a terminal."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.dataset.files import read_build
from pipeline.diff.datasets import Change, Diff, RowChanges, diff
from pipeline.diff.distributions import Spread

console = Console(highlight=False, markup=False)
_SHOWN = 40
_LONGEST_VALUE = 60


def diff_command(before: Path, after: Path, as_json: bool) -> None:
    """Print what changed, and exit with 1 if anything did."""
    with Console(stderr=True).status(f"comparing {before} and {after}"):
        found = diff(before, after)
    if as_json:
        print(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        _tell(before, after, found)
    sys.exit(0 if found.is_same else 1)


def _tell(before: Path, after: Path, found: Diff) -> None:
    for name, dataset in (("A", before), ("B", after)):
        build = read_build(dataset)
        told = f"{name}  {dataset}: {build['name']}, {build['rows']:,} rows, {build['hours']:.2f} h"
        console.print(told, soft_wrap=True)
    if found.is_same:
        console.print("the same: what made them, and every row")
        return
    _tell_changes("what made them", found.made)
    _tell_changes("counts", found.counts)
    _tell_changes("columns", found.columns)
    _tell_spreads([spread for spread in found.spreads if not spread.is_same], len(found.spreads))
    _tell_rows(found.rows)


def _tell_changes(heading: str, changes: Sequence[Change]) -> None:
    if not changes:
        return
    console.print(f"\n{heading}: {len(changes)} changed")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for change in changes[:_SHOWN]:
        table.add_row(f"  {change.key}", f"{_short(change.before)} -> {_short(change.after)}")
    console.print(table)
    if len(changes) > _SHOWN:
        console.print(f"  and {len(changes) - _SHOWN} more (--json)")


def _tell_spreads(changed: Sequence[Spread], total: int) -> None:
    console.print(f"\ndistributions: {len(changed)} of {total} changed")
    for spread in changed:
        console.print(f"  {spread.name}: {spread.words}", soft_wrap=True)


def _tell_rows(rows: RowChanges) -> None:
    told = f"{rows.added:,} added, {rows.removed:,} removed, {rows.changed:,} changed"
    console.print(f"\nrows: {told}, {rows.same:,} the same", soft_wrap=True)
    if rows.columns:
        columns = ", ".join(f"{name} {count:,}" for name, count in rows.columns.items())
        console.print(f"  changed columns: {columns}", soft_wrap=True)
    for kind, ids in rows.examples.items():
        if ids:
            console.print(f"  {kind}, such as: {', '.join(ids)}", soft_wrap=True)


def _short(value: object) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
