"""Tables as bars: a panel a figure, a bar a system."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.evaluation.results import Column, Row, Table

_PANELS = 4  # side by side
_DIRECTIONS = {"lower": "lower is better", "higher": "higher is better", "near 1": "1 is best"}
_BAR, _BEST, _REFERENCE = "#8fa8bf", "#1f6f8b", "#c9c9c9"


def plot_tables(tables: Sequence[Table], columns: Sequence[Column], path: Path) -> None:
    """A PNG; figures without a better direction, or without values, have no panel."""
    from matplotlib.figure import Figure

    shown = [_panels(table, columns) for table in tables]
    lines = [max(1, math.ceil(len(panels) / _PANELS)) for panels in shown]
    heights = [
        0.4 + count * (0.9 + 0.3 * len(table.rows))
        for count, table in zip(lines, tables, strict=True)
    ]
    figure = Figure(figsize=(13, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(tables), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, table, panels, count in zip(parts, tables, shown, lines, strict=True):
        part.suptitle(table.title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        grid = part.subplots(count, _PANELS, squeeze=False)
        for position, axes in enumerate(grid.flat):
            if position < len(panels):
                _draw(axes, table.rows, panels[position], labelled=position % _PANELS == 0)
            else:
                axes.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _panels(table: Table, columns: Sequence[Column]) -> list[Column]:
    return [
        column
        for column in columns
        if column.better and not all(math.isnan(column.value(row)) for row in table.rows)
    ]


def _draw(axes: Any, rows: Sequence[Row], column: Column, labelled: bool) -> None:
    values = [column.value(row) for row in rows]
    measured = [row for row in rows if not math.isnan(column.value(row))]
    best = min((row for row in measured if not row.is_reference), key=column.loss, default=None)
    for position, (row, value) in enumerate(zip(rows, values, strict=True)):
        if math.isnan(value):
            continue
        color = _REFERENCE if row.is_reference else _BEST if row is best else _BAR
        axes.barh(position, value, color=color, height=0.72)
        axes.annotate(
            column.shown(row), (value, position), (3, 0), textcoords="offset points", va="center",
            fontsize=8,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.system for row in rows] if labelled else [], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.25 * max((column.value(row) for row in measured), default=0.0) or 1.0)
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_title(f"{column.title} ({_DIRECTIONS[column.better]})", fontsize=9, loc="left")
