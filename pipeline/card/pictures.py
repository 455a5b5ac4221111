"""The card's plots: durations, SNR, speakers, coverage. PNG files beside the card."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.dataset.files import PICTURES
from pipeline.dataset.light_rows import LightRows
from pipeline.pages.charts import histogram_edges, number_text, ticks

WIDTH, HEIGHT = 720, 400  # pixels
_SMOOTH = 2  # drawn this much larger, then made small
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 52, 52
_MOST_BARS = 10
_INK, _SOFT, _LINE, _BAR = "#1d2025", "#646a73", "#e3e3de", "#2a6f77"


@dataclass(frozen=True, slots=True)
class CardPicture:
    """A file of the dataset, relative to it, and what it shows."""

    file: str
    title: str


def write_card_pictures(dataset: Path, coverage: Mapping[str, Any]) -> list[CardPicture]:
    """Draw the pictures of the data files in `dataset`, but for those with nothing to show.

    `coverage` is that of the dataset's record. The same rows give the same bytes.
    """
    rows = LightRows.of(dataset, ("id",))
    (dataset / PICTURES).mkdir(exist_ok=True)
    drawn = [
        _histogram("duration", "Duration, seconds", rows.numbers("duration_s")),
        _histogram("snr", "Signal-to-noise ratio, dB", rows.numbers("noise.measured_snr_db")),
        _bars("speakers", "Clips of each speaker", Counter(rows.speakers())),
        _coverage(coverage) or _intents(rows),
    ]
    pictures = []
    for picture in filter(None, drawn):
        path = dataset / PICTURES / f"{picture.name}.png"
        picture.save(path)
        pictures.append(CardPicture(f"{PICTURES}/{path.name}", picture.title))
    return pictures


class _Drawing:
    """A white picture with a title; lengths are in its own pixels."""

    def __init__(self, name: str, title: str) -> None:
        from PIL import Image, ImageDraw

        self.name, self.title = name, title
        self._image = Image.new("RGB", (WIDTH * _SMOOTH, HEIGHT * _SMOOTH), "white")
        self._draw = ImageDraw.Draw(self._image)
        self.text(_LEFT if name in ("duration", "snr") else 20, 24, title, "lm", _INK, 19)

    def text(
        self, x: float, y: float, text: str, anchor: str, colour: str = _SOFT, size: int = 15
    ) -> None:
        from PIL import ImageFont

        font = ImageFont.load_default(size * _SMOOTH)
        self._draw.text((x * _SMOOTH, y * _SMOOTH), text, colour, font, anchor)

    def bar(self, left: float, top: float, right: float, bottom: float, colour: str = _BAR) -> None:
        box = [round(edge * _SMOOTH) for edge in (left, top, right, bottom)]
        if box[0] < box[2] and box[1] < box[3]:
            self._draw.rectangle([box[0], box[1], box[2] - 1, box[3] - 1], colour)

    def save(self, path: Path) -> None:
        small = self._image.reduce(_SMOOTH).quantize(32)
        small.save(path, "PNG")


def _histogram(name: str, title: str, values: np.ndarray) -> _Drawing | None:
    if not len(values):
        return None
    drawing = _Drawing(name, title)
    edges = histogram_edges(values)
    counts = np.histogram(values, edges)[0]
    top, bottom = float(max(counts.max(), 1)), HEIGHT - _BOTTOM
    scale = (bottom - _TOP) / top
    for level in ticks(0, top, 4):
        if level == int(level):
            y = bottom - level * scale
            drawing.bar(_LEFT, y - 0.5, WIDTH - _RIGHT, y + 0.5, _LINE)
            drawing.text(_LEFT - 8, y, f"{level:,.0f}", "rm")

    def x_of(value: float) -> float:
        share = (value - edges[0]) / (edges[-1] - edges[0])
        return float(_LEFT + share * (WIDTH - _LEFT - _RIGHT))

    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        drawing.bar(x_of(low) + 1, bottom - count * scale, x_of(high) - 1, bottom)
    for tick in ticks(edges[0], edges[-1], 7):
        drawing.text(x_of(tick), bottom + 18, number_text(tick), "mm")
    return drawing


def _coverage(coverage: Mapping[str, Any]) -> _Drawing | None:
    """The coverage of the domain; None where it is not known."""
    figures = coverage.get("figures")
    if not figures or not figures["rows"]:
        return None
    lines = [
        (part["kind"], part["said"] / part["possible"], f"{part['said']:,} of {part['possible']:,}")
        for part in figures["parts"]
    ]
    return _lines("coverage", "Coverage of the domain", lines)


def _intents(rows: LightRows) -> _Drawing | None:
    counts = Counter(filter(None, rows.texts("intent")))
    return _bars("coverage", "Clips of each intent", counts)


def _bars(name: str, title: str, counts: Counter[str]) -> _Drawing | None:
    if not counts:
        return None
    shown = _most_frequent(counts)
    most = max(count for _, count in shown)
    lines = [(label, count / most, f"{count:,}") for label, count in shown]
    return _lines(name, f"{title}: {len(counts):,} in all", lines)


def _lines(name: str, title: str, lines: Sequence[tuple[str, float, str]]) -> _Drawing:
    """A bar a line: its label, its share of the width, and the text at its end."""
    drawing = _Drawing(name, title)
    step = (HEIGHT - _TOP - 14) / max(6, len(lines))
    for index, (label, share, told) in enumerate(lines):
        middle = _TOP + (index + 0.5) * step
        drawing.text(190, middle, label if len(label) < 24 else f"{label[:22]}…", "rm", _INK)
        right = 204 + (WIDTH - 350) * share
        drawing.bar(204, middle - step * 0.32, right, middle + step * 0.32)
        drawing.text(right + 8, middle, told, "lm")
    return drawing


def _most_frequent(counts: Counter[str]) -> Sequence[tuple[str, int]]:
    """By count, then name; where there are more than ten, nine and the mean of the others."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) <= _MOST_BARS:
        return ordered
    others = [count for _, count in ordered[_MOST_BARS - 1 :]]
    name = f"{len(others):,} others, mean"
    return [*ordered[: _MOST_BARS - 1], (name, round(sum(others) / len(others)))]
