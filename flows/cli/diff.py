"""`voxloom diff`: what changed between two datasets, in a terminal."""

import sys
from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.cli.console import console, tell
from flows.cli.options import dataset_folder

if TYPE_CHECKING:
    from pipeline.diff.datasets import Change, Diff, RowChanges
    from pipeline.diff.distributions import Spread

_SHOWN = 40
_LONGEST_VALUE = 60


def diff(
    before: Annotated[
        Path, typer.Argument(parser=dataset_folder, metavar="A", help="A dataset's folder.")
    ],
    after: Annotated[Path, typer.Argument(parser=dataset_folder, metavar="B", help="Another one.")],
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Compare two datasets: config, versions, digests, counts, distributions and rows.

    Rows are matched by id. Exits with status 0 if the datasets are equal, else 1.

    [dim]Example:[/dim]  voxloom diff data/monday data/tuesday
    """
    from pipeline.diff.datasets import diff as compare

    with Console(stderr=True).status(f"comparing {before} and {after}"):
        found = compare(before, after)
    if json:
        print(dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        _tell(before, after, found)
    sys.exit(0 if found.is_same else 1)


def _tell(before: Path, after: Path, found: "Diff") -> None:
    from pipeline.dataset.record import read_record

    for name, dataset in (("A", before), ("B", after)):
        record = read_record(dataset)
        tell(f"{name}  {dataset}: {record.name}, {record.rows:,} rows, {record.hours:.2f} h")
    if found.is_same:
        tell("the same: what made them, and every row")
        return
    _tell_changes("what made them", found.made)
    _tell_changes("counts", found.counts)
    _tell_changes("columns", found.columns)
    _tell_spreads([spread for spread in found.spreads if not spread.is_same], len(found.spreads))
    _tell_rows(found.rows)


def _tell_changes(heading: str, changes: "Sequence[Change]") -> None:
    if not changes:
        return
    tell(f"\n{heading}: {len(changes)} changed")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for change in changes[:_SHOWN]:
        values = f"{_short(change.before)} -> {_short(change.after)}"
        table.add_row(escape(f"  {change.key}"), escape(values))
    console.print(table)
    if len(changes) > _SHOWN:
        tell(f"  and {len(changes) - _SHOWN} more (--json)")


def _tell_spreads(changed: "Sequence[Spread]", total: int) -> None:
    tell(f"\ndistributions: {len(changed)} of {total} changed")
    for spread in changed:
        tell(f"  {spread.name}: {spread.words}")


def _tell_rows(rows: "RowChanges") -> None:
    told = f"{rows.added:,} added, {rows.removed:,} removed, {rows.changed:,} changed"
    tell(f"\nrows: {told}, {rows.same:,} the same")
    if rows.columns:
        columns = ", ".join(f"{name} {count:,}" for name, count in rows.columns.items())
        tell(f"  changed columns: {columns}")
    for kind, ids in rows.examples.items():
        if ids:
            tell(f"  {kind}, such as: {', '.join(ids)}")


def _short(value: object) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
