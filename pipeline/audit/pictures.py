"""The picture of an audit's finding, as SVG whose colours come from the page."""

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH = 520
_RIGHT, _TOP = 10, 8
_NAMES, _LINE, _UNDER = 130, 20, 64  # a table's names, the height of a line, what stands under it
_MOST_LINES = _MOST_CELLS = 10
_DEEPEST = 4.0  # standard deviations from chance, from which on a colour gets no deeper
_LONGEST_NAME = 19


def met_more_or_less(
    table: np.ndarray, lines: Sequence[str], cells: Sequence[str], axis: str
) -> str:
    """A contingency table (I, J) with `lines` and `cells` named: warm where rows met more often
    than by chance, cool where less. The lines that differ most, and the fullest cells."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    beyond = (table - expected) / np.sqrt(np.maximum(expected, 1e-9))
    shown_lines = _foremost(np.abs(beyond).sum(axis=1) * table.any(axis=1), _MOST_LINES)
    shown_cells = _foremost(table.sum(axis=0), _MOST_CELLS)
    width = (WIDTH - _NAMES - _RIGHT) / len(shown_cells)
    parts = []
    for row, line in enumerate(shown_lines):
        y = _TOP + row * _LINE
        parts.append(_text(_NAMES - 8, y + 14, _short(lines[line]), "end"))
        for index, cell in enumerate(shown_cells):
            z = float(beyond[line, cell])
            title = f"{int(table[line, cell])} clips, {expected[line, cell]:.1f} by chance"
            parts.append(
                f'<rect class="{"more" if z > 0 else "less"}" x="{_NAMES + index * width:.1f}" '
                f'y="{y}" width="{width - 1:.1f}" height="{_LINE - 1}" '
                f'fill-opacity="{min(abs(z) / _DEEPEST, 1):.2f}"><title>{title}</title></rect>'
            )
    bottom = _TOP + len(shown_lines) * _LINE
    for index, cell in enumerate(shown_cells):
        x, y = _NAMES + (index + 0.5) * width, bottom + 12
        name = _text(x, y, _short(cells[cell]), "end", f' transform="rotate(-30 {x:.0f} {y:.0f})"')
        parts.append(name)
    return _svg(parts, bottom + _UNDER, axis)


def _foremost(amounts: np.ndarray, most: int) -> np.ndarray:
    """The indices of the largest of `amounts` above 0, in their order."""
    largest = np.argsort(-amounts, kind="stable")[: min(most, int((amounts > 0).sum()))]
    return np.sort(largest)


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    attributes = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}'
    return f'<text class="tick" {attributes}>{escape(text)}</text>'


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else "…" + name[1 - _LONGEST_NAME :]


def _svg(parts: Sequence[str], height: float, axis: str) -> str:
    caption = _text(WIDTH / 2, height - 4, axis, "middle")
    label = f'role="img" aria-label="{escape(axis)}"'
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" {label}>{"".join(parts)}{caption}</svg>'
