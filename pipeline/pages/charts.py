"""Pictures for the report: histograms as inline SVG, and files as data URIs."""

import base64
import math
from collections.abc import Sequence
from html import escape

import numpy as np

_WIDTH, _HEIGHT = 520, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 10, 42
_BINS = 24
_BAR_GAP = 1.5


def histogram(values: Sequence[float] | np.ndarray, axis: str) -> str:
    """An SVG histogram; `axis` is the label under it, with its unit. Colours come from CSS."""
    if not len(values):
        return ""
    edges = histogram_edges(np.asarray(values, dtype=np.float64))
    counts = np.histogram(values, edges)[0]
    levels = [tick for tick in ticks(0, max(int(counts.max()), 1), 4) if tick == int(tick)]
    top = max(counts.max(), levels[-1])
    parts = [_y_tick(level, _y(level, top)) for level in levels]
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        parts.append(_bar(int(count), low, high, edges, top))
    for tick in ticks(edges[0], edges[-1], 6):
        parts.append(
            f'<text class="tick" x="{_x(tick, edges):.1f}" y="{_HEIGHT - _BOTTOM + 16}" '
            f'text-anchor="middle">{number_text(tick)}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text class="axis" x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">'
        f"{escape(axis)}</text>"
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Histogram: {escape(axis)}">'
        f"{''.join(parts)}</svg>"
    )


def data_uri(data: bytes, media_type: str) -> str:
    """`data` as a URI that needs no request."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def histogram_edges(values: np.ndarray) -> np.ndarray:
    """Bin edges at round numbers that hold all values."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = _step(high - low, _BINS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return np.arange(first, last + 1) * step


def _step(span: float, count: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that parts `span` into at most `count`."""
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * digit for digit in (1, 2, 2.5, 5, 10) if power * digit >= rough * 0.999)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers within [low, high], at most about `count`."""
    step = _step(high - low, count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def _x(value: float, edges: np.ndarray) -> float:
    share = (value - edges[0]) / (edges[-1] - edges[0])
    return float(_LEFT + share * (_WIDTH - _LEFT - _RIGHT))


def _y(count: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - count / top * (_HEIGHT - _TOP - _BOTTOM)


def _y_tick(count: float, y: float) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{count:,.0f}</text>'
    )


def _bar(count: int, low: float, high: float, edges: np.ndarray, top: float) -> str:
    left, right, y = _x(low, edges), _x(high, edges), _y(count, top)
    return (
        f'<rect class="bar" x="{left:.1f}" width="{right - left - _BAR_GAP:.1f}" '
        f'y="{y:.1f}" height="{_HEIGHT - _BOTTOM - y:.1f}">'
        f"<title>{number_text(low)} to {number_text(high)}: {count:,} clips</title></rect>"
    )


def number_text(value: float) -> str:
    """A number as a label of a picture."""
    return f"{value:.6g}".replace("-", "−")
