"""Coverage of two sampling strategies at the same number of sentences.

Sentences are read as the build would read them, in its accents, but not synthesized. Their
coverage is counted as they come, so that one pass gives the figures for every number below.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from models.evaluation.tables import decimal, markdown_table, write_csv
from pipeline.coverage.count import CountedRow, CoverageCount, evenness
from pipeline.coverage.figures import (
    CoverageFigures,
    Part,
    counter_of,
    figures_of,
    groups_called,
    parts_of,
    possible_phones,
)
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.sampling import Strategy
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.text.pronunciations import Lexicon
from pipeline.text.spoken import TextConfig, text_frontend

_POINTS = 16  # of a curve
_BATCH = 512  # sentences that are read together
_COLORS = ("#1f6f8b", "#c2773a")


@dataclass(frozen=True, slots=True)
class Point:
    """The coverage of the first `sentences`."""

    sentences: int
    parts: tuple[Part, ...]
    phone_evenness: float
    diphone_evenness: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The coverage of a strategy as sentences are added, and the figures at its end."""

    strategy: Strategy
    points: tuple[Point, ...]
    figures: CoverageFigures
    rejected: int


def coverage_curve(
    sentences: SentencesConfig,
    text: TextConfig,
    lexicon: Lexicon,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Curve:
    """What the `sentences` (made by `with_strategy`) cover, read by `text` and its `lexicon`.

    `progress` is called with the number of sentences read so far.
    """
    counted = counter_of(sentences, text, lexicon)
    rows = (row for row in generate(sentences, seed) if isinstance(row, Sentence))
    points, rejected, taken = [], dict[str, str](), 0
    for stop in _stops(sentences.count):
        while batch := list(islice(rows, min(_BATCH, stop - taken))):
            by_id = {row.id: row for row in batch}
            for spoken in text_frontend(batch, text, seed, lexicon):
                if isinstance(spoken, Reject):
                    rejected[spoken.id] = spoken.stage
                    continue
                row = by_id[spoken.id]
                counted.add(CountedRow(row.id, row.template, row.slots, spoken.phonemes))
            taken += len(batch)
            progress(taken)
        points.append(_point(counted, taken, sentences))
    figures = figures_of(counted, sentences, seed, rejected)
    return Curve(sentences.strategy, tuple(points), figures, len(rejected))


def with_strategy(sentences: SentencesConfig, strategy: Strategy) -> SentencesConfig:
    """The same sentences by another strategy, each used once, with partial coverage allowed."""
    coverage = replace(sentences.coverage, partial=True)
    return replace(sentences, strategy=strategy, coverage=coverage, repetitions=1)


def comparison_table(curves: Sequence[Curve]) -> str:
    """Markdown: figures in rows, strategies in columns."""
    first = curves[0].figures
    rows = [
        [part.kind, *(_of(curve.figures.parts[index]) for curve in curves)]
        for index, part in enumerate(first.parts)
    ]
    rows += [
        ["diphones beside these", *(f"{curve.figures.beyond:,}" for curve in curves)],
        ["evenness of phones", *(decimal(c.figures.phone_evenness, 3) for c in curves)],
        ["evenness of diphones", *(decimal(c.figures.diphone_evenness, 3) for c in curves)],
        ["cannot be read", *(f"{curve.rejected:,}" for curve in curves)],
    ]
    header = [f"{first.rows + curves[0].rejected:,} sentences", *(c.strategy for c in curves)]
    return markdown_table(header, rows)


def gaps_list(curve: Curve) -> str:
    """Markdown: what the strategy left out, and why."""
    if not curve.figures.gaps:
        return f"`{curve.strategy}` leaves nothing out."
    lines = [
        f"- {gap.kind}, {gap.count:,}: {gap.why} ({'; '.join(gap.examples[:3])}"
        f"{'; ...' if gap.count > 3 else ''})"
        for gap in curve.figures.gaps
    ]
    return "\n".join([f"`{curve.strategy}` leaves out:", "", *lines])


def write_comparison(curves: Sequence[Curve], out: Path) -> None:
    """coverage.md, coverage.csv and coverage.png in the folder `out`."""
    kinds = [part.kind for part in curves[0].figures.parts]
    header = ["strategy", "sentences", *kinds, "evenness of phones", "evenness of diphones"]
    rows = [
        [
            curve.strategy,
            point.sentences,
            *(part.said for part in point.parts),
            round(point.phone_evenness, 4),
            round(point.diphone_evenness, 4),
        ]
        for curve in curves
        for point in curve.points
    ]
    write_csv(out / "coverage.csv", header, rows)
    text = "\n\n".join([comparison_table(curves), *map(gaps_list, curves)])
    (out / "coverage.md").write_text(text + "\n", encoding="utf-8")
    plot_curves(curves, out / "coverage.png")


def plot_curves(curves: Sequence[Curve], path: Path) -> None:
    """A PNG: shares of slot values, groups and diphones against the number of sentences."""
    from matplotlib.figure import Figure

    figures = curves[0].figures
    wanted = ("slot values", groups_called(figures.t), "diphones")
    kinds = [part.kind for part in figures.parts if part.kind in wanted]
    figure = Figure(figsize=(4.2 * len(kinds), 3.4), layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        for color, curve in zip(_COLORS, curves, strict=False):
            stops = [point.sentences for point in curve.points]
            axes.plot(stops, _shares(curve, kind), color=color, label=curve.strategy, marker=".")
        axes.set_title(f"{kind} (%)", fontsize=10, loc="left")
        _dress(axes)
    panels[0].legend(frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _shares(curve: Curve, kind: str) -> list[float]:
    """Coverage of `kind` in per cent, at every point."""
    parts = (part for point in curve.points for part in point.parts if part.kind == kind)
    return [100 * part.said / part.possible for part in parts]


def _dress(axes: Any) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0, 103)
    axes.set_xlabel("sentences", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(color="#e3e3de")
    axes.spines[["top", "right"]].set_visible(False)


def _stops(count: int) -> list[int]:
    first = max(1, min(100, count // 20))
    return [int(stop) for stop in np.unique(np.geomspace(first, count, _POINTS).round())]


def _point(counted: CoverageCount, taken: int, sentences: SentencesConfig) -> Point:
    phones, diphones = possible_phones(counted), counted.possible.diphones
    at_least = sentences.coverage.at_least if sentences.strategy == "coverage" else 1
    return Point(
        taken,
        tuple(parts_of(counted, sentences.coverage.t, at_least)),
        evenness(counted.phones.values(), len(phones | counted.phones.keys())),
        evenness(counted.diphones.values(), len(diphones | counted.diphones.keys())),
    )


def _of(part: Part) -> str:
    return f"{part.said:,} of {part.possible:,} ({100 * part.said / part.possible:.1f} %)"
