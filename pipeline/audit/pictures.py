"""The three pictures of an audit, as SVG whose colours come from the page."""

from collections.abc import Callable, Iterable, Sequence
from html import escape

import numpy as np

from pipeline.pages.charts import number_text, ticks

WIDTH = 520
_RIGHT, _TOP = 10, 8
_NAMES, _LINE, _UNDER = 130, 20, 64  # a table's names, the height of a line, what stands under it
_AXIS, _HEIGHT, _BOTTOM = 52, 200, 42
_MOST_LINES = _MOST_CELLS = 10
_DEEPEST = 4.0  # standard deviations from chance, from which on a colour gets no deeper
_POINTS, _STRETCHES = 80, 40
_LONGEST_NAME = 19

Scale = Callable[[float], float]


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
        for place, cell in enumerate(shown_cells):
            z = float(beyond[line, cell])
            title = f"{int(table[line, cell])} clips, {expected[line, cell]:.1f} by chance"
            parts.append(
                f'<rect class="{"more" if z > 0 else "less"}" x="{_NAMES + place * width:.1f}" '
                f'y="{y}" width="{width - 1:.1f}" height="{_LINE - 1}" '
                f'fill-opacity="{min(abs(z) / _DEEPEST, 1):.2f}"><title>{title}</title></rect>'
            )
    bottom = _TOP + len(shown_lines) * _LINE
    for place, cell in enumerate(shown_cells):
        x, y = _NAMES + (place + 0.5) * width, bottom + 12
        name = _text(x, y, _short(cells[cell]), "end", f' transform="rotate(-30 {x:.0f} {y:.0f})"')
        parts.append(name)
    return _svg(parts, bottom + _UNDER, axis)


def against_asked(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray], axis: str) -> str:
    """Which share of `values` (N,) lies below each number, and which was asked for."""
    ordered = np.sort(values)
    low, high = float(ordered[0]), float(ordered[-1])
    at = np.linspace(low, high, _POINTS)
    found = np.searchsorted(ordered, at, side="right") / len(ordered)
    x, y = _across(low, high), _up(0.0, 1.0)
    lines = [
        _curve("asked", zip(map(x, at), map(y, cdf(at)), strict=True)),
        _curve("found", zip(map(x, at), map(y, found), strict=True)),
    ]
    share = [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")]
    return _svg(
        [*_axes(low, high, x, [(y(at), text) for at, text in share]), *lines], _HEIGHT, axis
    )


def in_order(values: np.ndarray, axis: str) -> str:
    """The middle of `values` (N,), and the middle four fifths, stretch by stretch of rows."""
    stretches = np.array_split(values, min(_STRETCHES, max(1, len(values) // 5)))
    bounds = np.array([np.percentile(stretch, (10, 50, 90)) for stretch in stretches])  # (P, 3)
    low, high = float(bounds.min()), float(bounds.max())
    places = np.cumsum([len(stretch) for stretch in stretches]) - len(stretches[0]) / 2
    x, y = _across(0.0, float(len(values))), _up(low, high)
    xs = [x(place) for place in places]
    around = [*zip(xs, map(y, bounds[:, 0]), strict=True)]
    around += [*zip(xs, map(y, bounds[:, 2]), strict=True)][::-1]
    band = " ".join(f"{left:.1f},{top:.1f}" for left, top in around)
    parts = _axes(
        0.0, float(len(values)), x, [(y(at), number_text(at)) for at in ticks(low, high, 4)]
    )
    parts.append(f'<polygon class="band" points="{band}"/>')
    parts.append(_curve("found", zip(xs, map(y, bounds[:, 1]), strict=True)))
    return _svg(parts, _HEIGHT, axis)


def _foremost(amounts: np.ndarray, most: int) -> np.ndarray:
    """The places of the largest of `amounts` above 0, in their order."""
    largest = np.argsort(-amounts, kind="stable")[: min(most, int((amounts > 0).sum()))]
    return np.sort(largest)


def _across(low: float, high: float) -> Scale:
    span = (high - low) or 1.0
    return lambda value: _AXIS + (value - low) / span * (WIDTH - _AXIS - _RIGHT)


def _up(low: float, high: float) -> Scale:
    span = (high - low) or 1.0
    return lambda value: _HEIGHT - _BOTTOM - (value - low) / span * (_HEIGHT - _BOTTOM - _TOP)


def _axes(low: float, high: float, x: Scale, levels: Sequence[tuple[float, str]]) -> list[str]:
    parts = []
    for y, text in levels:
        line = f'x1="{_AXIS}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
        parts += [f'<line class="grid" {line}/>', _text(_AXIS - 6, y + 4, text, "end")]
    if high > low:
        below = _HEIGHT - _BOTTOM + 16
        parts += [_text(x(at), below, number_text(at), "middle") for at in ticks(low, high, 6)]
    return parts


def _curve(name: str, points: Iterable[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{name}" points="{path}"/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}'
    return f'<text class="tick" {place}>{escape(text)}</text>'


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else "…" + name[1 - _LONGEST_NAME :]


def _svg(parts: Sequence[str], height: float, axis: str) -> str:
    caption = _text(WIDTH / 2, height - 4, axis, "middle")
    label = f'role="img" aria-label="{escape(axis)}"'
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" {label}>{"".join(parts)}{caption}</svg>'
